"""Fields of accounts: ORCID's check digit, addresses, tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.accounts import rules
from biotheca.accounts.model import Profile

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "orcid",  # published by ORCID as examples of its check digit
    ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"],
)
def test_published_orcids_are_sound(orcid: str) -> None:
    assert rules.orcid_is_sound(orcid)


@given(st.integers(0, 10**15 - 1), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: int, at: int, by: int) -> None:
    digits = f"{number:015d}"
    check = next(c for c in "0123456789X" if rules.orcid_is_sound(_dashed(digits + c)))
    right = digits + check
    if right[at] == "X":
        wrong = right[:at] + str(by)
    else:
        wrong = right[:at] + str((int(right[at]) + by) % 10) + right[at + 1 :]
    assert not rules.orcid_is_sound(_dashed(wrong))


def _dashed(digits: str) -> str:
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


@pytest.mark.parametrize("email", ["a@b.org", "first.last+tag@sub.example.ac.cn", "李@example.org"])
def test_addresses_that_people_have_are_taken(email: str) -> None:
    assert rules.check_email(email) == []


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.org", "a@b.org\nBcc: c@d.org", "<a@b.org>", "a@@b.org"])
def test_what_is_no_address_is_refused(email: str) -> None:
    assert [f.rule for f in rules.check_email(email)] == ["accounts.field"]


def test_a_token_has_grantable_scopes_and_an_end_within_a_year() -> None:
    soon = NOW + timedelta(days=30)
    assert rules.check_token(["read", "submit"], soon, NOW, 0) == []
    assert [f.where for f in rules.check_token(["account"], soon, NOW, 0)] == ["/scopes/0"]
    assert rules.check_token(["read"], NOW + timedelta(days=400), NOW, 0)
    assert rules.check_token(["read"], NOW - timedelta(days=1), NOW, 0)
    assert rules.check_token(["read"], soon, NOW, rules.MOST_TOKENS)


def test_secrets_differ_and_only_their_digest_tells_them() -> None:
    made = {rules.new_secret() for _ in range(100)}
    assert len(made) == 100 and all(s.startswith(rules.TOKEN_PREFIX) and len(s) > 50 for s in made)
    assert all(rules.digest(s) != s and len(rules.digest(s)) == 64 for s in made)


@pytest.mark.parametrize("box", ["info", "lab", "admin.office", "contact", "wheat-lab"])
def test_a_shared_mailbox_does_not_verify_a_principal_investigator(box: str) -> None:
    profile = Profile("s", f"{box}@example.org", "Wang", "Institute", title="Prof", homepage="https://x.org/wang")
    found = rules.check_pi(profile)
    assert (found[0].where == "/email") if box != "wheat-lab" else (found == [])
