"""The short way through moto's serializer gives what the long one gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.hooks import speed

LEAVES = st.one_of(
    st.fixed_dictionaries({"S": st.text(max_size=5)}),
    st.fixed_dictionaries({"N": st.integers().map(str)}),
    st.fixed_dictionaries({"B": st.sampled_from(["", "YQ==", "AAEC"])}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"SS": st.lists(st.text(max_size=3), max_size=3)}),
)
NAMES = st.sampled_from(["pk", "sk", "S", "M", "Item", "Attributes", "name"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"M": st.dictionaries(NAMES, inner, max_size=3)}),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)


def _both(operation: str, answer: Any, service: str = "dynamodb") -> tuple[Any, Any]:
    """What moto's own serializer and ours make of an answer."""
    from moto.core.serialize import BaseJSONSerializer, JSONSerializer, XFormedAttributePicker
    from moto.core.utils import get_service_model

    speed.install()
    ours = vars(BaseJSONSerializer)["_serialize_type_structure"]
    own = type("Own", (JSONSerializer,), {"_serialize_type_structure": ours.args[0]})
    model = get_service_model(service).operation_model(operation)
    made = [cls(operation_model=model, value_picker=XFormedAttributePicker()) for cls in (own, JSONSerializer)]
    slow, quick = (serializer.serialize(answer) for serializer in made)
    return slow, quick


@settings(max_examples=60, deadline=None)
@given(item=ITEMS, more=st.lists(ITEMS, max_size=3))
def test_items_are_written_the_same(item: dict[str, Any], more: list[dict[str, Any]]) -> None:
    capacity = {"TableName": "t", "CapacityUnits": 1.0}
    for operation, answer in (
        ("GetItem", {"Item": item, "ConsumedCapacity": capacity}),
        ("GetItem", {"Item": None}),
        ("Query", {"Items": more, "Count": len(more), "ScannedCount": len(more), "LastEvaluatedKey": item}),
        ("BatchGetItem", {"Responses": {"t": more}, "UnprocessedKeys": {}}),
    ):
        slow, quick = _both(operation, answer)
        assert slow == quick


@pytest.mark.parametrize("answer", [{"table_names": ["a"]}, {"TableNames": ["a"], "unknown": 1}])
def test_what_is_named_otherwise_goes_the_long_way(answer: dict[str, Any]) -> None:
    slow, quick = _both("ListTables", answer)
    assert slow == quick and "TableNames" in quick["body"]
