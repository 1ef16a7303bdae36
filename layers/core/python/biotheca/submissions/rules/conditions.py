"""Conditions over facts, as the catalog writes them: true, false, or unknown where a fact is. Pure (Kleene's logic)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from biotheca.submissions.rules.finding import is_empty

Facts = Mapping[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda fact, value: _same(fact, value),
    "in": lambda fact, value: any(_same(fact, one) for one in value),
    "has": lambda fact, value: any(_same(one, value) for one in fact),
    "above": lambda fact, value: fact > value,
    "at_least": lambda fact, value: fact >= value,
}


def holds(condition: Mapping[str, Any], facts: Facts) -> bool | None:
    """Whether a condition holds; None if that hangs on a fact that is not known.

    >>> both = {"all": [{"fact": "a", "is": True}, {"fact": "b", "above": 500}]}
    >>> holds(both, {"a": True, "b": 501}), holds(both, {"a": False}), holds(both, {"a": True})
    (True, False, None)
    """
    if "all" in condition:
        return _all(holds(one, facts) for one in condition["all"])
    if "any" in condition:
        found = _all(_not(holds(one, facts)) for one in condition["any"])
        return _not(found)
    if "not" in condition:
        return _not(holds(condition["not"], facts))
    fact = facts.get(condition["fact"])
    if is_empty(fact):
        return None
    ((verb, value),) = ((verb, condition[verb]) for verb in _COMPARE if verb in condition)
    return _COMPARE[verb](fact, value)


def unknown(condition: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    """The facts that would have to be known for the condition to be true or false; none if it is one of these."""
    if holds(condition, facts) is not None:
        return
    inner = condition.get("all") or condition.get("any") or ([condition["not"]] if "not" in condition else [])
    if not inner:
        yield condition["fact"]
    for one in inner:
        yield from unknown(one, facts)


def named(condition: Mapping[str, Any]) -> Iterator[str]:
    """Every fact that a condition speaks of. ValueError if it is none."""
    for key in ("all", "any"):
        if key in condition:
            for one in condition[key]:
                yield from named(one)
            return
    if "not" in condition:
        yield from named(condition["not"])
        return
    if "fact" not in condition or len(set(condition) & set(_COMPARE)) != 1 or len(condition) != 2:
        raise ValueError(f"{condition!r} is no condition: a fact and one of {', '.join(_COMPARE)} make one")
    yield condition["fact"]


def _all(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    return False if False in found else None if None in found else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _same(fact: Any, value: Any) -> bool:
    """Equal, texts in any letter case; True is no 1."""
    if isinstance(fact, str) and isinstance(value, str):
        return fact.casefold() == value.casefold()
    return type(fact) is type(value) and bool(fact == value)
