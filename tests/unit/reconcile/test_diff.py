from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.diff import diff, resolve
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Change, Reference, Value
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reconcile.worlds import merged, values

VPC = Reference("network/vpc")
properties = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)


@pytest.mark.parametrize(
    ("wanted", "found", "changes"),
    [
        pytest.param(1, 1, [], id="the same number"),
        pytest.param(1, 2, [Change("p", 2, 1)], id="another number"),
        pytest.param(True, 1, [Change("p", 1, True)], id="true is not 1"),
        pytest.param(None, 5, [], id="unmanaged"),
        pytest.param({"x": None, "y": 1}, {"x": 5, "y": 1}, [], id="unmanaged inside"),
        pytest.param({"x": 1}, {"x": 1, "theirs": 2}, [], id="an item of others"),
        pytest.param({"x": 1}, {}, [Change("p.x", None, 1)], id="an item is missing"),
        pytest.param({"x": {"y": 1}}, {"x": {"y": 2}}, [Change("p.x.y", 2, 1)], id="a path of three"),
        pytest.param({"x": 1}, None, [Change("p.x", None, 1)], id="a mapping that is not set"),
        pytest.param({"x": None}, None, [], id="an unmanaged mapping that is not set"),
        pytest.param([1, 2], [1, 2], [], id="the same list"),
        pytest.param([1, 2], [2, 1], [Change("p.0", 2, 1), Change("p.1", 1, 2)], id="another order"),
        pytest.param([1], [1, 2], [Change("p", [1, 2], [1])], id="a longer list"),
        pytest.param([{"x": 1}], [{"x": 2, "y": 3}], [Change("p.0.x", 2, 1)], id="inside of a list"),
        pytest.param("x", ["x"], [Change("p", ["x"], "x")], id="a list is no string"),
        pytest.param(VPC, "vpc-1", [Change("p", "vpc-1", VPC)], id="a reference is unknown"),
        pytest.param([VPC], ["vpc-1"], [Change("p.0", "vpc-1", VPC)], id="a reference in a list"),
    ],
)
def test_one_property(wanted: Value, found: Value, changes: list[Change]) -> None:
    assert diff({"p": wanted}, {"p": found}) == tuple(changes)


def test_what_the_api_does_not_return_is_no_difference() -> None:
    assert diff({"p": 1, "q": {"x": 1}}, {}) == ()


def test_what_only_aws_has_is_no_difference() -> None:
    assert diff({}, {"p": 1}) == ()


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        (["a", "b"], ["b", "a"], True),
        (["a", "a", "b"], ["a", "b", "b"], False),
        (["a"], ["a", "b"], False),
        ([{"x": 1}, {"x": 1, "y": 2}], [{"x": 1, "y": 2}, {"x": 1}], True),
        ([{"x": 1, "y": 2}, {"x": 1}], [{"x": 1}, {"x": 1, "y": 2}], True),
        ([{"x": ["a", "b"]}], [{"x": ["b", "a"]}], True),
    ],
)
def test_unordered_lists_compare_as_sets(wanted: Value, found: Value, same: bool) -> None:
    changes = diff({"p": wanted}, {"p": found}, {"p"})
    assert changes == (() if same else (Change("p", found, wanted),))


@given(properties, st.booleans())
def test_nothing_differs_from_itself(one: dict[str, Value], unordered: bool) -> None:
    assert diff(one, one, {"a", "b", "c"} if unordered else ()) == ()


@given(properties, properties)
def test_carrying_out_a_diff_leaves_none(wanted: dict[str, Value], found: dict[str, Value]) -> None:
    after = {
        name: merged(wanted.get(name), value) if name in wanted else value for name, value in found.items()
    }
    assert diff(wanted, after) == ()


@given(properties, properties)
def test_each_change_shows_both_sides_as_they_are(wanted: dict[str, Value], found: dict[str, Value]) -> None:
    for change in diff(wanted, found):
        assert change.before != change.after or type(change.before) is not type(change.after)
        assert change.path.split(".")[0] in wanted.keys() & found.keys()


def test_resolve_replaces_what_is_known_at_any_depth() -> None:
    outputs = {"network/vpc": {"id": "vpc-1"}}
    value = {"a": [VPC, Reference("network/nat")], "b": {"c": VPC}, "d": "plain"}
    assert resolve(value, outputs) == {
        "a": ["vpc-1", Reference("network/nat")],
        "b": {"c": "vpc-1"},
        "d": "plain",
    }
