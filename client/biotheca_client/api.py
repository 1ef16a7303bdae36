"""One HTTP session with the archive: problems become exceptions, idempotent calls are tried again, tokens renewed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import requests

from biotheca_client.config import Config
from biotheca_client.errors import ClientFault, NetworkDown, NotFound, NotSignedIn, Refused
from biotheca_client.words import clean

TIMEOUT_S = (5.0, 60.0)  # to connect, between two bytes
ATTEMPTS = 5
_LONGEST_PAUSE_S = 20.0
_READ_BYTES = 1 << 20
_RENEW_BEFORE_S = 60.0
_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
_PASSING = frozenset({429, 500, 502, 503, 504})


def path_of(*pieces: str) -> str:
    """A path of pieces that may hold anything.

    >>> path_of("v1", "records", "a/b")
    '/v1/records/a%2Fb'
    """
    return "/" + "/".join(quote(piece, safe="") for piece in pieces)


def pause_before(attempt: int, asked: str | None = None) -> float:
    """Seconds to wait after the n-th failure (1, 2 ...): doubling with jitter, or as the server asked."""
    if asked and asked.isdigit():
        return min(float(asked), _LONGEST_PAUSE_S)
    return min(0.1 * 2.0**attempt, _LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def plain_session() -> requests.Session:
    """A session that adds no credentials of its own (not from .netrc either) and follows nothing."""
    session = requests.Session()
    session.auth = lambda request: request
    session.headers["User-Agent"] = "biotheca-client"
    adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=64)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def bytes_at(link: str, valid: str) -> Iterator[bytes]:
    """What lies behind a link of the archive's to its store, which is good for so long. NetworkDown."""
    for attempt in range(4):
        try:
            # The store is no archive: it gets no token.
            response = plain_session().get(link, stream=True, timeout=60)
        except requests.RequestException as fault:
            if attempt == 3:
                raise NetworkDown(f"The store did not answer: {type(fault).__name__}.", "Try again later.") from fault
            time.sleep(2**attempt)
            continue
        if response.status_code != 200:
            raise NetworkDown(f"The store answered {response.status_code}.", f"Ask again; a link is good for {valid}.")
        try:
            yield from response.iter_content(_READ_BYTES)
        except requests.RequestException as fault:
            raise NetworkDown("The connection broke off.", "Run the command again.") from fault
        return


class Session:
    """Calls to one archive. Safe to use from several threads. `token` overrides what `config` remembers."""

    def __init__(
        self,
        server: str,
        config: Config | None = None,
        token: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server
        self.config = config
        self.pause = pause
        self._http = plain_session()
        self._lock = threading.Lock()
        self._tokens: dict[str, Any] = {"token": token} if token else config.tokens(server) if config else {}

    @property
    def signed_in_as(self) -> str:
        """The remembered e-mail, or ''."""
        return str(self._tokens.get("email", ""))

    def sign_in(self, email: str, password: str, code: Callable[[], str] | None = None) -> None:
        """Get and keep tokens. Raises NotSignedIn if the archive does not know the two together.

        `code` is called for the six digits of an authenticator app if the account asks for them.
        """
        body = {"email": email, "password": password}
        answer = self._answer("POST", "/v1/sign-in", body, again=True, authorised=False)
        if answer.get("challenge"):
            if code is None:
                raise NotSignedIn("The account asks for a second factor.", "Give the code with --code.", {})
            told = {"email": email, "session": answer["session"], "code": code()}
            answer = self._answer("POST", "/v1/sign-in/mfa", told, authorised=False)
        self._keep(answer, email)

    def sign_out(self) -> bool:
        """Forget the tokens; whether there were any."""
        self._tokens = {}
        return self.config.forget(self.server) if self.config else False

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        again: bool = False,
    ) -> Any:
        """The decoded answer, None for 204. `again`: this POST may be repeated though nothing is known of its fate.

        Raises Refused (400, 403, 409, 422 ...), NotFound, NotSignedIn, NetworkDown.
        """
        self._renew_if_old()
        used = self._tokens.get("token")
        try:
            return self._answer(method, path, body, params, headers, again)
        except NotSignedIn:
            if not self._renew(used):
                raise
            return self._answer(method, path, body, params, headers, again)

    def fetch(self, path: str, params: dict[str, str] | None = None) -> bytes:
        """The bytes of an answer that is no JSON. Raises as `call`."""
        self._renew_if_old()
        wanted = {k: v for k, v in (params or {}).items() if v}
        found: bytes = self._answer("GET", path, params=wanted, raw=True).content
        return found

    def texts(self, path: str) -> Iterator[str]:
        """The pages of a text whose header Link names the next."""
        following: str | None = path
        while following:
            self._renew_if_old()
            response = self._answer("GET", following, raw=True)
            yield response.content.decode("utf-8")
            after = str(response.links.get("next", {}).get("url", ""))
            following = after if after.startswith("/") and after != following else None

    def pages(
        self, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """All items of a paged list."""
        cursor: str | None = None
        while True:
            wanted = (params or {}) | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", path, params=wanted, headers=headers)
            yield from page["items"]
            following = page.get("next_cursor")
            if not following or following == cursor:
                return
            cursor = following

    def _answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        again: bool = False,
        authorised: bool = True,
        raw: bool = False,
    ) -> Any:
        attempts = ATTEMPTS if again or method in _IDEMPOTENT else 1
        token = self._tokens.get("token") if authorised else None
        sent = (headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        for attempt in range(1, attempts + 1):
            try:
                response = self._http.request(
                    method,
                    self.server + path,
                    json=body,
                    params=params,
                    headers=sent,
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                )
            except requests.RequestException as fault:
                if attempt == attempts:
                    raise self._no_answer(method, fault) from fault
                self.pause(pause_before(attempt))
                continue
            if response.status_code in _PASSING and attempt < attempts:
                self.pause(pause_before(attempt, response.headers.get("Retry-After")))
                continue
            return response if raw and response.status_code == 200 else self._understood(response)
        raise AssertionError("unreachable")  # pragma: no cover

    def _no_answer(self, method: str, fault: requests.RequestException) -> NetworkDown:
        what = "did not answer in time" if isinstance(fault, requests.Timeout) else "cannot be reached"
        mend = "Check the address (--server) and your connection, then run the same command again; nothing is lost."
        if method == "POST":
            mend = "It is not known whether the request arrived. Look at the state with `biotheca status`, then go on."
        return NetworkDown(f"The archive at {self.server} {what}.", mend)

    def _understood(self, response: requests.Response) -> Any:
        status = response.status_code
        if status == 204:
            return None
        try:
            document = response.json()
        except ValueError:
            document = None
        if 200 <= status < 300 and document is not None:
            return document
        raise self._fault(status, document if isinstance(document, dict) else {})

    def _fault(self, status: int, problem: dict[str, Any]) -> ClientFault:
        detail = clean(problem.get("detail") or problem.get("title") or f"The archive answered with status {status}.")
        mend = clean(problem.get("mend", ""))
        if status == 401:
            return NotSignedIn(detail, mend or "Run `biotheca login`.", problem)
        if status == 404:
            return NotFound(detail, mend, problem)
        if status in _PASSING or not problem:
            instance = clean(problem.get("instance", ""))
            quote_it = f" Quote {instance} to the help desk." if instance else ""
            return NetworkDown(detail, f"Try again in a few minutes; nothing of yours was lost.{quote_it}", problem)
        return Refused(detail, mend, problem)

    def _keep(self, answer: dict[str, Any], email: str) -> None:
        if self.config:
            self._tokens = self.config.remember(self.server, answer, email)
        else:
            self._tokens = self._tokens | answer | {"email": email}
            self._tokens["expires_at"] = time.time() + float(answer.get("expires_in_s", 3600))

    def _renew_if_old(self) -> None:
        tokens = self._tokens
        if tokens.get("expires_at", float("inf")) - _RENEW_BEFORE_S < time.time():
            self._renew(tokens.get("token"))

    def _renew(self, old: str | None) -> bool:
        """Trade the refresh token for another token than `old`; False if that cannot be. One thread does it for all."""
        with self._lock:
            if self._tokens.get("token") != old:
                return True
            if not self._tokens.get("refresh_token"):
                return False
            body = {"refresh_token": self._tokens["refresh_token"]}
            try:
                answer = self._answer("POST", "/v1/refresh", body, again=True, authorised=False)
            except (NotSignedIn, Refused):
                return False
            self._keep(answer, self.signed_in_as)
            return True
