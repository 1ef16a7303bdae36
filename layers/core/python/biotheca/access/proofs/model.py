"""What proofs of access are: a key that signs visas, a visa that was taken, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from biotheca.errors import Conflict


class NoVisaKey(Conflict):
    """No key signs visas yet; access.turn_keys makes the first."""

    rule = "access.no_visa_key"


class VisaOfFiles(Conflict):
    """The grant is for single files, and a visa can only speak of a whole dataset."""

    rule = "access.visa_of_files"


@dataclass(frozen=True)
class SigningKey:
    """A private key in PEM, and when it was made. Never shown."""

    private_pem: bytes
    made_at: str

    def __repr__(self) -> str:  # no key in a traceback
        return f"SigningKey({self.made_at!r})"


@dataclass(frozen=True)
class Taken:
    """A visa that opens a dataset to a person until `ends_at`. `name`, `digest`: of its jti, of all it says."""

    person: str
    dataset: str
    issuer: str
    source: str
    name: str
    digest: str
    ends_at: str
