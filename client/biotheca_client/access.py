"""What the client can do for controlled data: committees, requests, grants, the logs of files that were given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca_client.api import Session, path_of


class AccessCalls:
    """The verbs of who asks for controlled data, and of who decides on it. Answers are the API's JSON.

    Most of them need a session: personal tokens look and download, and change nothing here.
    """

    session: Session

    # --- committees ---

    def committees(self) -> list[dict[str, Any]]:
        """Your committees, and those that invite you: number, name, standing."""
        return list(self.session.pages("/v1/committees"))

    def committee(self, number: str) -> dict[str, Any]:
        """A committee of yours, with its members."""
        return self._access("GET", path_of("v1", "committees", number))

    def form_committee(
        self, name: str, description: str = "", rule: str = "one", idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """A new committee; you are its contact. `rule`: one, contact, majority, all. With the same key the same one."""
        body = {"name": name, "description": description, "rule": rule}
        return self._access("POST", "/v1/committees", body, key=idempotency_key)

    def invite_to_committee(self, number: str, email: str, contact: bool = False, deputy: bool = False) -> str:
        """Invite an address (contacts); the answer never tells whether it has an account."""
        body = {"email": email, "contact": contact, "deputy": deputy}
        return str(self._access("POST", path_of("v1", "committees", number, "invitations"), body)["message"])

    def join_committee(self, number: str) -> dict[str, Any]:
        """Accept an invitation."""
        return self._access("POST", path_of("v1", "committees", number, "join"))

    def leave_committee(self, number: str, subject: str) -> None:
        """Leave, or take somebody out (contacts)."""
        self.session.call("DELETE", path_of("v1", "committees", number, "members", subject))

    def be_away(self, number: str, subject: str, until: str) -> dict[str, Any]:
        """Be away up to a day (YYYY-MM-DD, inclusive); an empty text ends it."""
        return self._access("PATCH", path_of("v1", "committees", number, "members", subject), {"away_until": until})

    def choose_committee(self, submission: str, number: str, reason: str = "") -> dict[str, Any]:
        """Name the committee that decides on a submission's files; after release a curator does, with a reason."""
        body = {"committee": number, "reason": reason}
        return self._access("PUT", path_of("v1", "submissions", submission, "committee"), body)

    def requests_to(self, number: str) -> Iterator[dict[str, Any]]:
        """The requests that a committee of yours got, newest first."""
        return self.session.pages(path_of("v1", "committees", number, "requests"))

    def log_of(self, number: str, dataset: str) -> Iterator[dict[str, Any]]:
        """Every link that was given to files of a dataset of the committee, newest first."""
        return self.session.pages(path_of("v1", "committees", number, "log"), {"dataset": dataset})

    # --- requests ---

    def request_form(self, dataset: str, renews: bool = False) -> dict[str, Any]:
        """What a request to a dataset must tell; `renews`: the short form that prolongs a grant."""
        params = {"form": "short"} if renews else None
        path = path_of("v1", "records", dataset, "request-form")
        form: dict[str, Any] = self.session.call("GET", path, params=params)
        return form

    def requests(self) -> Iterator[dict[str, Any]]:
        """Your requests, newest first."""
        return self.session.pages("/v1/requests")

    def request(self, name: str) -> dict[str, Any]:
        """A request by its number or id: yours, or one to a committee of yours."""
        return self._access("GET", path_of("v1", "requests", name))

    def begin_request(self, dataset: str, renews: str = "", idempotency_key: str | None = None) -> dict[str, Any]:
        """A draft, which nobody else sees. `renews`: the number of the request whose grant it prolongs."""
        return self._access("POST", "/v1/requests", {"dataset": dataset, "renews": renews}, key=idempotency_key)

    def fill_request(
        self, name: str, answers: dict[str, Any], documents: dict[str, int], files: list[str] | None = None
    ) -> dict[str, Any]:
        """The whole form of a draft or returned request. `documents`: versions that you accept; no `files`: all."""
        body = {"answers": answers, "documents": documents, "files": files or []}
        return self._access("PUT", path_of("v1", "requests", name), body)

    def submit_request(self, name: str) -> dict[str, Any]:
        """Hand it in. Doing it twice is harmless. Raises Refused with `problem["findings"]`."""
        return self._access("POST", path_of("v1", "requests", name, "submit"), again=True)

    def withdraw_request(self, name: str) -> dict[str, Any]:
        """Take it back before it is decided."""
        return self._access("POST", path_of("v1", "requests", name, "withdraw"), again=True)

    def vote(self, name: str, approve: bool, reason: str = "") -> dict[str, Any]:
        """Give your voice; a rejection needs a reason."""
        body = {"decision": "approve" if approve else "reject", "reason": reason}
        return self._access("POST", path_of("v1", "requests", name, "votes"), body, again=True)

    def return_request(self, name: str, reason: str) -> dict[str, Any]:
        """Ask the requester for more; the voices given so far are void."""
        return self._access("POST", path_of("v1", "requests", name, "return"), {"reason": reason})

    # --- grants ---

    def access_grants(self) -> list[dict[str, Any]]:
        """Your grants, with what each is worth now."""
        return list(self.session.pages("/v1/access-grants"))

    def visa(self, request: str) -> str:
        """A GA4GH visa of your live grant, for other archives; it lives for an hour at most."""
        return str(self._access("GET", path_of("v1", "access-grants", request, "visa"))["visa"])

    def present_visas(self, visas: list[str]) -> dict[str, Any]:
        """Show visas of other archives: `items` were taken and open their datasets, `refused` were not."""
        return self._access("POST", "/v1/me/passport", {"ga4gh_passport_v1": visas}, again=True)

    def revoke_grant(self, request: str, reason: str) -> dict[str, Any]:
        """End a grant at once: its committee or a data manager, with a reason."""
        return self._access("POST", path_of("v1", "access-grants", request, "revoke"), {"reason": reason}, again=True)

    def close_grant(self, request: str, report: str, deleted: bool) -> dict[str, Any]:
        """Your closing report; `deleted` attests that the data and all copies are gone."""
        body = {"report": report, "deleted": deleted}
        return self._access("POST", path_of("v1", "access-grants", request, "closing"), body, again=True)

    def access_log(self) -> Iterator[dict[str, Any]]:
        """Every link to a controlled file that you were given, newest first."""
        return self.session.pages("/v1/me/access-log")

    def break_glass(self, accession: str, reason: str) -> dict[str, Any]:
        """Open the files of a controlled dataset for an hour (staff); its committee reads the reason at once."""
        path = path_of("v1", "records", accession, "break-glass")
        return self._access("POST", path, {"reason": reason}, again=True)

    def _access(
        self, method: str, path: str, body: Any = None, key: str | None = None, again: bool = False
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else None
        answer: dict[str, Any] = self.session.call(method, path, body, headers=headers, again=again or bool(key))
        return answer
