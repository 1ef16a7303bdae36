"""The file check: is a submitted file what it claims to be, and sound. Reading the bytes: see formats."""

from biotheca.qc.model import Report, Verdict
from biotheca.qc.rules import check_file

__all__ = ["Report", "Verdict", "check_file"]
