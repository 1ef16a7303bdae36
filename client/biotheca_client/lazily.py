"""A group of commands whose modules are imported when one of their commands is called: a start costs what it needs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import click


class LazyGroup(click.Group):
    """`modules`: a module of `package` -> the names of its commands, which stand in its COMMANDS."""

    def __init__(self, *words: Any, package: str, modules: Mapping[str, Sequence[str]], **options: Any) -> None:
        super().__init__(*words, **options)
        self._package = package
        self._module_of = {name: module for module, names in modules.items() for name in names}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self._module_of})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in self._module_of:
            module = importlib.import_module(f"{self._package}.{self._module_of[cmd_name]}")
            for command in module.COMMANDS:
                self.add_command(command)
        return self.commands.get(cmd_name)
