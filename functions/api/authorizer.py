"""The gateway's authorizer: the same verification of the token as in every view, run once before it.

A view verifies again: no route is safe only because a gateway was configured well.
"""

from __future__ import annotations

from typing import Any

from chalice import AuthResponse, Blueprint

from biotheca.accounts.service import who
from biotheca.errors import NotSignedIn
from functions.stores import people, users

blueprint = Blueprint(__name__)


@blueprint.authorizer(name="who_is_calling", ttl_seconds=60)
def who_is_calling(request: Any) -> AuthResponse:
    """Allow whoever has a valid token; what they may do is decided in the capabilities."""
    try:
        person = who(people(), users(), request.token)
    except NotSignedIn:
        return AuthResponse(routes=[], principal_id="nobody")
    return AuthResponse(routes=["*"], principal_id=person.subject, context={"roles": ",".join(sorted(person.roles))})
