"""Verify a session's token: RS256 only, our issuer, our audience, not expired, keys from one pinned address.

The header's own `jku`, `jwk` and `x5u` are never looked at; `alg` must be RS256 whatever the header says.
Same code in the cloud and on the laptop, where only the address of the keys differs.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import jwt

from biotheca.accounts.model import Role
from biotheca.errors import NotSignedIn, SystemFault
from biotheca.settings import Settings

log = logging.getLogger(__name__)
LONGEST_TOKEN = 16_384  # characters; Cognito's are below 4,000


@cache
def _keys(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, cache_keys=True, lifespan=3600, timeout=5)


def bearer(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer ...` header; NotSignedIn if there is none or it is monstrous."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise NotSignedIn("Send `Authorization: Bearer <token>`; `biotheca login` gets one.")
    return token


def verified(token: str) -> dict[str, Any]:
    """The claims of an identity token of our pool; NotSignedIn for anything that does not verify."""
    settings = Settings()
    try:
        key = _keys(settings.token_keys_url).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=settings.user_pool_client,
            issuer=settings.token_issuer,
            leeway=10,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "token_use"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise SystemFault("the address of the token keys does not answer") from error
    except (jwt.PyJWTError, ValueError) as error:
        log.info("token refused", extra={"reason": type(error).__name__})
        raise NotSignedIn("The token is not valid (any more). Sign in again.") from None
    if claims["token_use"] != "id":  # noqa: S105 - a kind of token, no secret
        raise NotSignedIn("The token is not an identity token. Sign in again.")
    return claims


def roles_of(claims: dict[str, Any]) -> frozenset[Role]:
    """The roles that a token carries; groups that are no role are passed over."""
    known = {role.value for role in Role}
    return frozenset(Role(g) for g in claims.get("cognito:groups") or [] if g in known)
