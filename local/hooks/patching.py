"""How a hook is put into moto: by replacing an attribute that must be there already."""

from __future__ import annotations

import functools
from typing import Any

# For `install` functions: put in twice, a hook would wrap itself.
once = functools.cache


class MotoMoved(RuntimeError):
    """moto has no longer what a hook replaces; its version is not the pinned one."""


def replace(owner: Any, **members: Any) -> None:
    """Puts `members` in the place of the attributes of that name."""
    for name, member in members.items():
        if not hasattr(owner, name):
            raise MotoMoved(
                f"{getattr(owner, '__name__', owner)} has no {name!r} to hook into; pin moto as pyproject.toml says"
            )
        setattr(owner, name, member)
