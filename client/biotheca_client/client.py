"""The Python client: the same verbs as the command line, without a terminal.

client = Client("https://archive.example.org")
client.sign_in("me@example.org", password)
submission = client.submit_folder("my-reads")
client.download("CRA000001", to="data")
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from biotheca_client import packed, words
from biotheca_client.access import AccessCalls
from biotheca_client.accounts import AccountCalls
from biotheca_client.api import Session, path_of
from biotheca_client.config import Config
from biotheca_client.desk import DeskCalls
from biotheca_client.downloads import REVIEWER_HEADER, Downloader, Fetched, choose
from biotheca_client.errors import ClientFault, NotFound, Refused, WrongUse
from biotheca_client.folders import Flaw, Folder
from biotheca_client.images import ImageCalls
from biotheca_client.local_files import AnyOf, Stop
from biotheca_client.many import AT_LEAST, LARGEST_BYTES, Many
from biotheca_client.mirrored import SequenceCalls
from biotheca_client.queries import QueryCalls
from biotheca_client.records import RecordCalls
from biotheca_client.uploads import ARRIVED, Sent, Uploader, match_files

_SMALL_FILE_BYTES = 64 * 1024 * 1024  # such files are one part each and travel side by side


class Progress(Protocol):
    """Who is told how far bytes came. `start` begins a task and returns what adds to it."""

    def start(self, name: str, size_bytes: int) -> Callable[[int], None]: ...


class _Silent:
    def start(self, name: str, size_bytes: int) -> Callable[[int], None]:
        return lambda _: None


class Client(AccessCalls, AccountCalls, DeskCalls, ImageCalls, QueryCalls, RecordCalls, SequenceCalls):
    """Everything a person can do with an archive. Answers are the API's JSON; faults are biotheca_client.errors.

    `token` is used as it is; otherwise tokens are remembered in `config` (None: the user's own file).
    `stop` may be set from another thread to end transfers in a state that can be continued.
    """

    def __init__(
        self,
        server: str | None = None,
        token: str | None = None,
        config: Config | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        config = config or Config()
        self.session = Session(config.server(server), None if token else config, token)
        self.stop = stop or threading.Event()

    # --- accounts ------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str, code: Callable[[], str] | None = None) -> dict[str, Any]:
        """Sign in and keep the tokens; who one is. `code` is asked for the second factor if the account has one."""
        self.session.sign_in(email, password, code)
        return self.who_am_i()

    def sign_out(self, everywhere: bool = False) -> bool:
        """Forget the tokens; whether there were any. `everywhere` ends all sessions of the account first."""
        if everywhere:
            self.session.call("POST", "/v1/sign-out")
        return self.session.sign_out()

    def who_am_i(self) -> dict[str, Any]:
        """Subject, e-mail, roles."""
        return self._get("v1", "me")

    # --- submissions ---------------------------------------------------------------------------

    def open_submission(
        self,
        member: str,
        title: str,
        release: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
        extends: str | None = None,
        access: str | None = None,
    ) -> dict[str, Any]:
        """Open a draft; with the same key the same draft. `extends`: the dataset of yours that it adds to.

        `access`: a mode that the database offers; its first, if none is named.
        """
        body: dict[str, Any] = {"member": member, "title": title, "release": release or {"mode": "immediately"}}
        body |= {k: v for k, v in (("extends", extends), ("access", access)) if v}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
        return self._made(
            self.session.call("POST", "/v1/submissions", body, headers=headers, again=bool(idempotency_key))
        )

    def set_access(self, submission: str, mode: str, reason: str = "") -> dict[str, Any]:
        """Change the access mode: of one's own before release; as a curator after it, with a reason."""
        body = {"access": mode, "reason": reason}
        return self._made(self.session.call("PUT", path_of("v1", "submissions", submission, "access"), body))

    def submissions(self) -> Iterator[dict[str, Any]]:
        """Your submissions, newest first."""
        return self.session.pages("/v1/submissions")

    def submission(self, submission: str) -> dict[str, Any]:
        """One submission with objects, files, accessions, findings."""
        return self._get("v1", "submissions", submission)

    def describe(self, submission: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Replace all metadata. Raises Refused with `problem["findings"]`."""
        return self._made(self.session.call("PUT", path_of("v1", "submissions", submission, "metadata"), metadata))

    def check_metadata(self, submission: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """The archive's verdict on other metadata and what they would change; nothing is stored."""
        path = path_of("v1", "submissions", submission, "metadata", "check")
        return self._made(self.session.call("POST", path, metadata, again=True))

    def template(self, member: str, **choice: str) -> bytes:
        """A member's empty workbook. `choice`: format (xlsx, tsv), sheet, lang, package."""
        return self.session.fetch(path_of("v1", "members", member, "template"), choice)

    def workbook(self, submission: str, **choice: str) -> bytes:
        """A submission's metadata as a workbook. `choice`: format (xlsx, tsv), sheet, lang."""
        return self.session.fetch(path_of("v1", "submissions", submission, "workbook"), choice)

    def submit(self, submission: str) -> dict[str, Any]:
        """Hand in. Doing it twice is harmless."""
        try:
            return self._made(self.session.call("POST", path_of("v1", "submissions", submission, "submit"), again=True))
        except Refused:
            # A repeated request whose first answer was lost is refused, though it did its work.
            now = self.submission(submission)
            if now["state"] in words.EDITABLE:
                raise
            return now

    def cancel(self, submission: str) -> None:
        """Give a draft up."""
        self.session.call("DELETE", path_of("v1", "submissions", submission))

    def history(self, submission: str) -> list[dict[str, Any]]:
        """What happened, oldest first."""
        return list(self.session.pages(path_of("v1", "submissions", submission, "history")))

    def files(self, submission: str) -> list[dict[str, Any]]:
        """The files of a submission, with states and findings."""
        pages = self.session.pages(path_of("v1", "submissions", submission, "files"))
        return [file | {"submission": submission} for file in pages]

    def submit_folder(
        self,
        folder: str | Path,
        jobs: int = 4,
        progress: Progress | None = None,
        tell: Callable[[str], None] = lambda _: None,
        member: str | None = None,
        title: str | None = None,
        extends: str | None = None,
        pack: str | Path | None = None,
    ) -> dict[str, Any]:
        """Bring a folder into the archive as far as it is the depositor's turn; continue where an earlier run ended.

        `extends`: a dataset of one's own that the folder adds to. `pack`: a folder of any number of small files that
        are sent in archives, which are made in `folder`.
        Raises WrongUse or Refused with every flaw of the folder before anything is sent.
        """
        local = Folder(Path(folder), member, title)
        if pack:
            self._pack(local, Path(pack), progress or _Silent(), tell)
        flaws = local.shape_flaws()
        if flaws:
            raise _flawed(flaws)
        submission = self._open_folder(local, extends)
        tell(f"Submission {submission['id']}: {words.state(submission['state'], submission.get('state_words', ''))}.")
        if submission["state"] in words.EDITABLE:
            submission = self._describe_folder(local, submission, progress or _Silent())
        self.upload(submission["id"], local.paths(), jobs, progress, tell, md5_of=local.md5)
        if submission["state"] in words.EDITABLE:
            submission = self.submit(submission["id"])
            tell("Submitted.")
        return self.submission(submission["id"])

    def _pack(self, local: Folder, source: Path, shown: Progress, tell: Callable[[str], None]) -> None:
        left_out = local.pack(source, shown.start("packing the files", packed.size_of(source)), self.stop)
        tell(f"Packed into {len(local.paths())} archive(s), {words.size(local.size_bytes())}.")
        if left_out:
            tell(f"{left_out} link(s), hidden or empty file(s) were left out.")

    def _open_folder(self, local: Folder, extends: str | None) -> dict[str, Any]:
        server, document = self.session.server, local.document
        known = local.submission(server)
        if known:
            try:
                found = self.submission(known)
            except NotFound as fault:
                raise NotFound(
                    f"{local.path} remembers submission {known}, which {server} does not know (or not as yours).",
                    "Sign in as its owner; or remove .biotheca-submission.json from the folder to begin anew.",
                    fault.problem,
                ) from fault
            if extends and found.get("extends") != extends.upper():
                raise WrongUse(f"{local.path} was submitted before, as {known}.", "Put what is new into a new folder.")
            return found
        key = local.idempotency_key(server)
        made = self.open_submission(
            document["member"], document["title"], document.get("release"), key, extends, document.get("access")
        )
        local.remember(server, made["id"])
        return made

    def _describe_folder(self, local: Folder, submission: dict[str, Any], progress: Progress) -> dict[str, Any]:
        metadata = local.metadata(progress.start("reading the files", local.size_bytes()))
        flaws = local.content_flaws()
        if flaws:
            raise _flawed(flaws)
        stale = [f["name"] for f in submission["files"] if f["state"] == "qc_failed"]
        now = {p.name: local.md5(p) for p in local.paths()}
        same = [f for f in submission["files"] if f["name"] in stale and f["md5"] == now.get(f["name"])]
        if same:
            reasons = [words.clean(x.get("message", "")) for f in same for x in f.get("findings", [])[:2]]
            raise Refused(
                f"{', '.join(f['name'] for f in same)} did not pass the checks and is unchanged in the folder. "
                + " ".join(reasons),
                "Mend the file (see `biotheca status`), then run the same command again.",
            )
        if submission["state"] == "draft" and not local.metadata_is_new(self.session.server, metadata):
            return submission
        described = self.describe(submission["id"], metadata)
        local.remember_metadata(self.session.server, metadata)
        return described

    # --- uploads -------------------------------------------------------------------------------

    def upload(
        self,
        submission: str,
        paths: list[Path],
        jobs: int = 4,
        progress: Progress | None = None,
        tell: Callable[[str], None] = lambda _: None,
        md5_of: Callable[[Path], str] | None = None,
    ) -> list[Sent]:
        """Send those of `paths` that the submission names and the archive lacks."""
        shown = progress or _Silent()
        waiting = []
        for file, path in match_files(self.files(submission), paths):
            if file["state"] in ARRIVED:
                tell(f"{file['name']}: {words.file_state(file['state'])} already, not sent again.")
            else:
                waiting.append((file, path, path.stat().st_size if path.is_file() else 0))

        def send(work: tuple[dict[str, Any], Path, int], stop: Stop, parts_at_once: int = 1) -> Sent:
            file, path, size_bytes = work
            add = shown.start(file["name"], size_bytes)
            uploader = Uploader(self.session, parts_at_once, stop)
            return uploader.send(file, path, add, md5_of(path) if md5_of and path.is_file() else None)

        many = [(file, path) for file, path, size in waiting if 0 < size <= LARGEST_BYTES]
        sent: list[Sent] = []
        if len(many) >= AT_LEAST:
            add = shown.start(
                f"{len(many)} small files", sum(size for *_, size in waiting if 0 < size <= LARGEST_BYTES)
            )
            sent = Many(self.session, max(jobs, 8), self.stop, add).send(submission, many, md5_of)
            waiting = [work for work in waiting if not 0 < work[2] <= LARGEST_BYTES]
        small = [work for work in waiting if work[2] <= _SMALL_FILE_BYTES]
        large = [work for work in waiting if work[2] > _SMALL_FILE_BYTES]
        sent += self._side_by_side(send, small, jobs)
        sent += [send(work, self.stop, jobs) for work in large]
        if many and len(sent) >= AT_LEAST:
            tell(f"{len(sent)} files: {words.size(sum(one.bytes_sent for one in sent))} sent.")
            return sent
        for one in sent:
            again = f", {one.parts_kept} of {one.parts} parts were there" if one.parts_kept else ""
            tell(f"{one.name}: {words.size(one.bytes_sent)} sent{again}.")
        return sent

    def _side_by_side(self, work: Callable[[Any, Stop], Any], items: list[Any], jobs: int) -> list[Any]:
        """`work(item, stop)` for each; the first fault ends the others before it is raised."""
        halt = threading.Event()
        stop = AnyOf(self.stop, halt)
        pool = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="files")
        wait = True
        try:
            return [future.result() for future in [pool.submit(work, item, stop) for item in items]]
        except KeyboardInterrupt:
            wait = False
            raise
        finally:
            halt.set()
            pool.shutdown(wait=wait, cancel_futures=True)

    # --- what is public ------------------------------------------------------------------------

    def search(self, text: str, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
        """One page: items and next_cursor."""
        params = {"q": text, "limit": limit} | ({"cursor": cursor} if cursor else {})
        return self._made(self.session.call("GET", "/v1/search", params=params))

    def search_all(self, text: str) -> Iterator[dict[str, Any]]:
        """Every hit, page by page."""
        return self.session.pages("/v1/search", {"q": text, "limit": 200})

    def search_table(self, text: str) -> Iterator[str]:
        """Every hit as tab-separated text, page by page; the first has the header."""
        return self.session.texts("/v1/search.tsv?" + urlencode({"q": text}))

    def record(self, accession: str, reviewer: str | None = None) -> dict[str, Any]:
        """One record; with the secret of a reviewer link the dataset that it shows."""
        if not reviewer:
            return self._get("v1", "records", accession)
        shown = self._made(self.session.call("GET", "/v1/review", headers={REVIEWER_HEADER: reviewer}))
        if shown["accession"] != accession.strip().upper():
            raise NotFound(
                f"The reviewer's secret shows {words.clean(shown['accession'])}, not {words.clean(accession)}.",
                "Ask for that accession, or take the secret away for what is public.",
            )
        return shown

    def record_files(self, accession: str, reviewer: str | None = None) -> list[dict[str, Any]]:
        """The files of a record; of a dataset, those of all its runs. A reviewer link may show none."""
        if not reviewer:
            return list(self.session.pages(path_of("v1", "records", accession, "files")))
        self.record(accession, reviewer)
        return list(self.session.pages("/v1/review/files", headers={REVIEWER_HEADER: reviewer}))

    def download(
        self,
        accession: str,
        name: str | None = None,
        to: str | Path = ".",
        jobs: int = 2,
        progress: Progress | None = None,
        reviewer: str | None = None,
    ) -> list[Fetched]:
        """Fetch all files of a record, or one; proved by MD5 and SHA-256. `reviewer`: the secret of a link."""
        folder, shown = Path(to), progress or _Silent()
        files = choose(self.record_files(accession, reviewer), name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise WrongUse(f"{folder} cannot be made: {fault.strerror}.", "Choose another folder with --to.") from fault

        def fetch(file: dict[str, Any], stop: Stop) -> Fetched:
            add = shown.start(str(file["name"]), file["size_bytes"])
            return Downloader(self.session, stop, reviewer).fetch(accession, file, folder, add)

        return self._side_by_side(fetch, files, jobs)

    def rules(self) -> list[dict[str, Any]]:
        """The rule catalogue."""
        return list(self.session.pages("/v1/rules"))

    def members(self) -> list[dict[str, Any]]:
        """The member databases and what their objects hold."""
        return list(self.session.pages("/v1/members"))

    def health(self) -> dict[str, Any]:
        """Whether the archive answers, and its version."""
        return self._get("v1", "health")

    def _get(self, *pieces: str) -> dict[str, Any]:
        return self._made(self.session.call("GET", path_of(*pieces)))

    def _made(self, answer: Any) -> dict[str, Any]:
        found: dict[str, Any] = answer
        return found


def _flawed(flaws: list[Flaw]) -> ClientFault:
    """All flaws of a folder as one refusal, in the form of the archive's own findings."""
    first = flaws[0]
    more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
    findings = [{"rule": "client.folder", "where": f.where, "message": f.message, "mend": f.mend} for f in flaws]
    return Refused(
        f"The folder is not ready: {first.where}: {first.message}{more}",
        first.mend,
        {"rule": "client.folder", "findings": findings},
    )
