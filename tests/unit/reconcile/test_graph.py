from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.graph import validate
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference, Wanted
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reconcile.worlds import graphs


def wanted(key: str, *needs: str) -> Wanted:
    return Wanted("thing", key, {f"p{at}": Reference(need) for at, need in enumerate(needs)})


def test_keeps_the_order_given_where_it_may() -> None:
    graph = [wanted("c"), wanted("b", "a"), wanted("a"), wanted("d")]
    assert [one.key for one in validate(graph)] == ["c", "a", "b", "d"]


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ([wanted("a", "nowhere")], ["thing a needs nowhere, which is not in the stack."]),
        ([wanted("a"), wanted("a")], ["a is defined 2 times."]),
        ([wanted("a"), wanted("a"), wanted("b", "x")], ["a is defined 2 times.", "thing b needs x"]),
        ([wanted("a", "b"), wanted("b", "a")], ["need each other", "a → b → a"]),
        ([Wanted("thing", "a", after=frozenset({"a"}))], ["need each other", "a → a"]),
    ],
)
def test_says_everything_that_is_wrong(graph: list[Wanted], said: list[str]) -> None:
    with pytest.raises(BlueprintError) as error:
        validate(graph)
    for words in said:
        assert words in str(error.value)


@given(graphs(), st.randoms())
def test_each_comes_after_what_it_needs(graph: list[Wanted], random: object) -> None:
    random.shuffle(graph)  # type: ignore[attr-defined]
    seen: set[str] = set()
    for one in validate(graph):
        assert one.dependencies <= seen
        seen.add(one.key)
    assert len(seen) == len(graph)
