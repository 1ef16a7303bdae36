"""Puts our types into moto's CloudFormation, names resources the same at each start, and refuses unknown types.

The types: cfn_rows (one call), cfn_special (several). Other rooms may hear of each creation: `after_create`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jmespath
from botocore.exceptions import ClientError

from local.hooks import names
from local.hooks.cfn_request import Made, Wish
from local.hooks.cfn_rows import ROWS, STOCK, Row
from local.hooks.cfn_special import SPECIAL
from local.hooks.patching import once, replace

AfterCreate = Callable[[Wish, Made], None]

_after_create: dict[str, list[AfterCreate]] = {}


def after_create(kind: str, act: AfterCreate) -> None:
    """Registers `act(wish, made)` to run after each creation of a resource of this type, before its dependants."""
    _after_create.setdefault(kind, []).append(act)


def make(wish: Wish) -> Made:
    """Creates one resource through the table."""
    special = SPECIAL.get(wish.kind)
    made = special(wish) if special else _make_row(ROWS[wish.kind], wish)
    for act in _after_create.get(wish.kind, []):
        act(wish, made)
    return made


def _make_row(row: Row, wish: Wish) -> Made:
    given, answer = {**row.defaults, **wish.given}, {}
    if row.named_by:
        given = _with_name(given, row.named_by.split("."), wish.physical_name)
    if row.service:
        answer = wish.call(row.service, row.operation, given, row.renames)
    fitted = {**given, **{name[0].lower() + name[1:]: value for name, value in given.items()}}
    fitted.update({target: given[name] for name, target in row.renames.items() if name in given})
    document = {"given": fitted, "answer": answer}
    words = {"account": wish.account, "region": wish.region, "name": wish.physical_name}
    ref = str(_value(row.ref, document, words))
    return Made(ref, {name: _value(path, document, {**words, "ref": ref}) for name, path in row.attributes.items()})


def _with_name(given: dict[str, Any], path: list[str], name: str) -> dict[str, Any]:
    first, *rest = path
    if rest:
        return {**given, first: _with_name(dict(given.get(first) or {}), rest, name)}
    return {**given, first: given.get(first) or name}


def _value(path: str, document: dict[str, Any], words: dict[str, str]) -> Any:
    if "{" in path or not re.match(r"(given|answer)\.", path):
        return path.format(**words)
    return jmespath.search(path, document)


@once
def install() -> None:
    """Idempotent: moto's map of types is filled once per process."""
    from moto.cloudformation import models, parsing

    _install_types(parsing)
    _install_names(parsing)
    _install_errors(parsing)
    stock_parse = models.Stack.parse_template

    def parse_quickly(template: Any) -> dict[str, Any]:
        # The YAML parser takes seconds for a CDK template, which is JSON.
        try:
            return json.loads(template)
        except ValueError:
            return stock_parse(template)

    replace(models.Stack, parse_template=staticmethod(parse_quickly))


def _install_types(parsing: Any) -> None:
    from moto.core.common_models import CloudFormationModel

    class TableResource(CloudFormationModel):
        """A resource that this table created."""

        kind = ""
        made: Made

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
        ) -> Any:
            stack = kwargs["StackId"].rsplit("/", 2)[1]
            given = cloudformation_json.get("Properties", {})
            wish = Wish(cls.kind, stack, kwargs["LogicalId"], resource_name, given, account_id, region_name)
            resource = cls()
            resource.made = make(wish)
            return resource

        @property
        def physical_resource_id(self) -> str:
            return self.made.ref

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return True

        def get_cfn_attribute(self, name: str) -> Any:
            if self.made.attributes.get(name) is None:
                raise ValueError(f"the laptop's {self.kind} has no attribute {name!r}")
            return self.made.attributes[name]

        def is_created(self) -> bool:
            return True

    types = parsing.get_model_map()
    for kind in {*ROWS, *SPECIAL}:
        types[kind] = type(f"Laptop{kind.replace('::', '')}", (TableResource,), {"kind": kind})
    parsing.get_name_type_map()  # filled before the next line empties the list of known types
    replace(parsing, NULL_MODELS=[])

    def known_type(kind: str) -> Any:
        if kind not in ROWS and kind not in SPECIAL and kind not in STOCK:
            raise parsing.ValidationError(message=f"the laptop does not know the resource type {kind}")
        return types[kind]

    replace(parsing, resource_class_from_type=known_type)


def _install_names(parsing: Any) -> None:
    replace(parsing, generate_resource_name=names.physical_name)
    stock = parsing.resource_name_property_from_type

    def named_by(kind: str) -> str | None:
        # Rows and specials look up their own name, and some nest it.
        return None if kind in ROWS or kind in SPECIAL else stock(kind)

    replace(parsing, resource_name_property_from_type=named_by)


def _install_errors(parsing: Any) -> None:
    stock = parsing.parse_and_create_resource

    def create_or_say(logical_id: str, resource_json: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return stock(logical_id, resource_json, *args, **kwargs)
        except parsing.ValidationError as fault:
            if "failed: " in str(fault.message):
                raise
            reason = str(fault.message)
        except ClientError as fault:
            said = fault.response.get("Error", {})
            reason = f"{said.get('Code')}: {said.get('Message')}"
        except Exception as fault:
            reason = f"{type(fault).__name__}: {fault}" if not str(fault).strip() else str(fault)
        raise parsing.ValidationError(message=f"{logical_id} ({resource_json['Type']}) failed: {reason}")

    replace(parsing, parse_and_create_resource=create_or_say)
