"""What the client raises. Each says what, where, what was expected and how to mend it, and knows its exit code."""

from __future__ import annotations

from typing import Any


class ClientFault(Exception):
    """Base of all. `problem` is the archive's problem document, if it sent one."""

    exit_code = 1

    def __init__(self, message: str, mend: str = "", problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.problem = problem or {}

    @property
    def rule(self) -> str:
        """The archive's rule id, or ''."""
        return str(self.problem.get("rule", ""))

    def as_dict(self) -> dict[str, Any]:
        """For programs: what went to standard error as words."""
        shown = {"message": self.message, "mend": self.mend, "exit_code": self.exit_code}
        return {k: v for k, v in (shown | {"problem": self.problem}).items() if v not in ("", {})}


class Refused(ClientFault):
    """The archive, or a check of ours that the archive would repeat, refuses this."""


class FileDiffers(Refused):
    """A local file is not the one that was declared, or changed while it was read."""


class WrongUse(ClientFault):
    """The command was called with something that cannot be."""

    exit_code = 2


class NotFound(ClientFault):
    exit_code = 3


class NotSignedIn(ClientFault):
    exit_code = 4


class NetworkDown(ClientFault):
    """The archive or its store did not answer, or answered with a fault of its own, again and again."""

    exit_code = 5


class UploadGone(ClientFault):
    """The store no longer knows an upload: it was completed or thrown away elsewhere."""


class Stopped(Exception):
    """The person pressed Ctrl-C; every thread ends at its next read."""
