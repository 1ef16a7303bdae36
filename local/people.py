"""Example people of the laptop: put into the user pool at each start, shown by `up`. No such person exists."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from local.surroundings import ACCOUNT, REGION


@dataclass(frozen=True)
class Example:
    """One example account."""

    email: str
    password: str
    roles: tuple[str, ...]
    words: str


PEOPLE = (
    Example("ana@example.org", "Submit-reads-2026!", ("submitter",), "submits data"),
    Example("li@example.org", "Submit-reads-2026!", ("submitter",), "another submitter, who must not see Ana's drafts"),
    Example("chen@example.org", "Curate-with-care-2026!", ("curator",), "decides on submissions"),
    Example("ada@example.org", "Operate-calmly-2026!", ("administrator", "data_manager"), "operates the archive"),
)


def seed(cognito: Any, pool: str) -> None:
    """Make the example accounts, confirmed and with their groups. Again changes nothing."""
    for person in PEOPLE:
        try:
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=person.email,
                MessageAction="SUPPRESS",
                UserAttributes=[{"Name": "email", "Value": person.email}, {"Name": "email_verified", "Value": "true"}],
            )
        except cognito.exceptions.UsernameExistsException:
            continue
        _same_subject_as_ever(pool, person.email)
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=person.email, Password=person.password, Permanent=True
        )
        for role in person.roles:
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=person.email, GroupName=role)


def _same_subject_as_ever(pool: str, email: str) -> None:
    """Cognito draws a new subject for each account; what a saved folder says of Ana must be Ana's after loading."""
    from moto.cognitoidp.models import cognitoidp_backends

    users = cognitoidp_backends[ACCOUNT][REGION].user_pools[pool].users
    user = next(user for user in users.values() if user.attribute_lookup.get("email") == email)
    del users[user.username]
    user.id = user.username = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email}"))
    user.update_attributes([{"Name": "sub", "Value": user.id}])
    users[user.username] = user
