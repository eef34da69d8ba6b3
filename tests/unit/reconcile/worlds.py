"""Invented kinds, graphs and accounts, and an account that obeys operations without AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from ansible_collections.airlift.stack.plugins.module_utils.reconcile.diff import diff, resolve
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
    Reference,
    Value,
    Wanted,
    references,
)
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import Plan, plan
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schedule import (
    Operation,
    Verb,
    schedule,
)
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schema import Property, declare
from hypothesis import strategies as st

STACK = "demo"


@dataclass(frozen=True)
class FakeKind:
    """The traits of a kind, as a value."""

    name: Any = "thing"
    after: Any = frozenset()
    immutable: Any = frozenset()
    create_only: Any = frozenset()
    unordered: Any = frozenset()
    secret: Any = frozenset()
    updatable: Any = frozenset()
    holds_data: Any = False
    billable: Any = False
    expected_seconds: Any = 1
    create_before_delete: Any = False
    deletable_in_use: Any = False

    @property
    def schema(self) -> Any:
        declared = {*self.immutable, *self.create_only, *self.unordered, *self.secret, *self.updatable}
        return declare(
            **{
                name: Property(
                    name in self.immutable,
                    name in self.create_only,
                    name in self.unordered,
                    name in self.secret,
                )
                for name in declared
            }
        )


RANKS = 4


def fake_kinds(before: Sequence[bool], free: Sequence[bool]) -> dict[str, FakeKind]:
    """Return kinds ``rank0`` … of which each can refer to those below; ``fixed`` cannot change in place."""
    return {
        f"rank{rank}": FakeKind(
            name=f"rank {rank}",
            after=frozenset(f"rank{lower}" for lower in range(rank)),
            immutable=frozenset({"fixed"}),
            create_only=frozenset({"once"}),
            unordered=frozenset({"set"}),
            updatable=frozenset({"loose"}),
            create_before_delete=before[rank],
            deletable_in_use=free[rank],
        )
        for rank in range(RANKS)
    }


def tags_for(key: str) -> dict[str, str]:
    return {"airlift:stack": STACK, "airlift:key": key, "owner": "us"}


@dataclass
class World:
    """An account: what is in it, and the order in which it was changed."""

    found: list[Found]
    kinds: Mapping[str, FakeKind]
    log: list[str] = field(default_factory=list)
    ids: Any = field(default_factory=lambda: count(1000))

    def plan(self, wanted: Sequence[Wanted], data_may_go: bool = False) -> Plan:
        return plan(wanted, self.found, self.kinds, tags_for, data_may_go)

    def apply(self, steps: Plan, choose: Any = lambda ready: ready[0]) -> None:
        """Carry out a plan one operation at a time; ``choose`` picks among those that may start."""
        order = schedule(steps, self.kinds)
        outputs = {
            step.key: step.found.outputs
            for step in steps.steps
            if step.found is not None and step.wanted is not None and step.action != "replace"
        }
        done: set[str] = set()
        while len(done) < len(order.operations):
            ready = order.startable(done, done)
            assert ready, "nothing can start and not everything is done"
            operation = choose(ready)
            self.perform(operation, outputs)
            done.add(operation.id)

    def perform(self, operation: Operation, outputs: dict[str, Mapping[str, str]]) -> None:
        step = operation.step
        self.log.append(operation.id)
        if operation.verb is Verb.DELETE:
            assert step.found is not None
            self.found = [one for one in self.found if one.id != step.found.id]
            return
        assert step.wanted is not None
        properties = {name: resolve(value, outputs) for name, value in step.wanted.properties.items()}
        assert not list(references(properties)), f"{operation.id} started before what it refers to was there"
        if operation.verb is Verb.CREATE:
            made = new(step.wanted, properties, f"id-{next(self.ids)}")
            self.found.append(made)
        else:
            assert step.found is not None
            made = changed(step.found, properties)
            self.found = [made if one.id == made.id else one for one in self.found]
        outputs[step.key] = made.outputs


def new(wanted: Wanted, properties: Mapping[str, Value], identifier: str) -> Found:
    shown = {name: value for name, value in properties.items() if value is not None and name != "once"}
    return Found(wanted.kind, wanted.key, identifier, shown, {"id": identifier}, tags_for(wanted.key))


def changed(found: Found, properties: Mapping[str, Value]) -> Found:
    """Return what an update makes of ``found``: every difference put right, the rest left alone."""
    result = dict(found.properties)
    compared = {name: value for name, value in properties.items() if name != "once"}
    for change in diff(compared, found.properties, {"set"}):
        name = change.path.split(".")[0]
        result[name] = merged(compared[name], result.get(name))
    return replace(found, properties=result, tags={**(found.tags or {}), **tags_for(found.key)})


def merged(wanted: Value, found: Value) -> Value:
    """Lay ``wanted`` over ``found``: unmanaged items stay."""
    if isinstance(wanted, Mapping):
        there = found if isinstance(found, Mapping) else {}
        return {
            **there,
            **{name: merged(value, there.get(name)) for name, value in wanted.items() if value is not None},
        }
    return wanted


scalars = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(["a", "b", ""]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def graphs(draw: st.DrawFn, most: int = 9) -> list[Wanted]:
    """Draw a graph in which each resource refers only to resources of lower ranks."""
    wanted: list[Wanted] = []
    for number in range(draw(st.integers(0, most))):
        rank = draw(st.integers(0, RANKS - 1))
        lower = [one.key for one in wanted if int(one.kind[-1]) < rank]
        properties: dict[str, Value] = {
            "fixed": draw(scalars),
            "loose": draw(st.one_of(st.none(), values)),
            "set": draw(st.lists(scalars, max_size=3)),
            "once": draw(scalars),
        }
        if lower:
            used = draw(st.lists(st.sampled_from(lower), max_size=2, unique=True))
            for at, key in enumerate(used):
                place = draw(st.sampled_from(["fixed", "loose"]))
                properties[place if at == 0 else "set"] = Reference(key) if at == 0 else [Reference(key)]
        after = frozenset(draw(st.lists(st.sampled_from(lower), max_size=1))) if lower else frozenset()
        wanted.append(Wanted(f"rank{rank}", f"layer/{number}", properties, after))
    return wanted


@st.composite
def accounts(draw: st.DrawFn, wanted: Sequence[Wanted]) -> list[Found]:
    """Draw what an account has of ``wanted``: some of it, changed, twice, and some that nobody wants."""
    found: list[Found] = []
    outputs: dict[str, Mapping[str, str]] = {}
    for number, resource in enumerate(wanted):
        for copy in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            properties = {name: resolve(value, outputs) for name, value in resource.properties.items()}
            properties = {
                name: "gone" if list(references(value)) else value for name, value in properties.items()
            }
            one = new(resource, properties, f"id-{number}-{copy}")
            drift = draw(
                st.dictionaries(st.sampled_from(["fixed", "loose", "set", "alien"]), values, max_size=1)
            )
            tags = draw(st.sampled_from([one.tags, {**(one.tags or {}), "foreign": "theirs"}, {}, None]))
            found.append(replace(one, properties={**one.properties, **drift}, tags=tags))
            outputs[resource.key] = one.outputs
    for number in range(draw(st.integers(0, 2))):
        rank = draw(st.integers(0, RANKS - 1))
        found.append(
            Found(f"rank{rank}", f"old/{number}", f"id-old-{number}", {}, {"id": f"id-old-{number}"})
        )
    return found


flags = st.lists(st.booleans(), min_size=RANKS, max_size=RANKS)
