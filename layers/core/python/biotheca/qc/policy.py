"""How severe each rule is to one who checks files: a small YAML file over the severities of the catalogue.

    # comments are welcome
    qc.crlf: error
    qc.bgzf_no_end: off

A policy speaks for the one who wrote it: `biotheca qc --policy` may weaken any rule, for the verdict is theirs. The
archive never reads a submitter's policy; its own is the column `severity` of catalog/rules*.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from biotheca import catalog

WORDS = ("error", "warning", "hint", "off")
_MOST_BYTES = 1024 * 1024


class PolicyIsWrong(Exception):
    """A policy that cannot be read, with all that is wrong with it."""


@dataclass(frozen=True)
class Policy:
    """Rule id -> error, warning, hint or off; rules that are not named stay as the catalogue has them."""

    severities: Mapping[str, str] = field(default_factory=dict)

    def applied(self, findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Findings, or counts of a rule's, with the policy's severities and without those that are off."""
        told = ({**f, "severity": self.severities.get(f["rule"], f["severity"])} for f in findings)
        return [f for f in told if f["severity"] != "off"]


def read(text: str) -> Policy:
    """The policy that a text holds. Raises PolicyIsWrong with every fault at once.

    >>> read("qc.crlf: error").severities
    {'qc.crlf': 'error'}
    """
    if len(text) > _MOST_BYTES:
        raise PolicyIsWrong(f"it has more than {_MOST_BYTES} characters")
    import yaml  # most checks have no policy of their own

    try:
        # YAML 1.1 takes a bare `off` for False: all words are read as texts.
        rows = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes texts, lists and maps only
    except yaml.YAMLError as fault:
        raise PolicyIsWrong(f"it is no YAML: {' '.join(str(fault).split())}") from fault
    if rows in (None, ""):
        return Policy()
    if not isinstance(rows, dict):
        raise PolicyIsWrong("it must be lines of 'rule: severity', such as 'qc.crlf: error'")
    wrong = [said for rule, word in rows.items() if (said := _fault(rule, word))]
    if wrong:
        raise PolicyIsWrong("; ".join(wrong))
    return Policy(rows)


def _fault(rule: Any, word: Any) -> str | None:
    if not isinstance(rule, str) or not rule.startswith(("qc.", "privacy.")) or rule not in catalog.rules():
        return f"{str(rule)[:60]!r} is no rule of the file check (see `biotheca rules`)"
    if word not in WORDS:
        return f"{str(word)[:60]!r} at {rule} is none of {', '.join(WORDS)}"
    return None
