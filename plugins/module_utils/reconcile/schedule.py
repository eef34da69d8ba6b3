"""In which order the operations of a plan may run: pure bookkeeping over names of operations.

A step becomes one operation, a replacement two (``delete`` and ``create``). What an operation has to wait for
is either hard (what it refers to must exist) or soft (AWS refuses or confuses the other order). A soft rule
is dropped where it would close a circle, so a schedule always ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .model import Action
from .plan import KindsTraits, Plan, Step


class Verb(StrEnum):
    """What an operation does to AWS."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do for one step; ``id`` is unique in its schedule."""

    verb: Verb
    step: Step

    @property
    def id(self) -> str:
        """Return the verb and the step's name."""
        return f"{self.verb} {self.step.id}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The operations of a plan, by id, and for each what has to be done before it starts."""

    operations: Mapping[str, Operation]
    needs: Mapping[str, frozenset[str]]

    def startable(self, done: Collection[str], started: Collection[str]) -> list[Operation]:
        """Return what can start now: not started, and everything it needs is done."""
        return [
            operation
            for name, operation in self.operations.items()
            if name not in started and all(need in done for need in self.needs[name])
        ]


def schedule(plan: Plan, kinds: KindsTraits) -> Schedule:
    """Return the operations of ``plan`` and their order."""
    operations = {one.id: one for step in plan.steps for one in _operations(step)}
    edges = _Edges(operations)
    for before, after in _hard(plan, operations, kinds):
        edges.add(before, after)
    for rule in (_deletes_by_kind, _late_deletes, _deletes_before_creates, _orphans_after_updates):
        for before, after in rule(operations, kinds):
            edges.add_unless_circular(before, after)
    return Schedule(operations, {name: frozenset(needs) for name, needs in edges.needs.items()})


def _operations(step: Step) -> tuple[Operation, ...]:
    match step.action:
        case Action.CREATE:
            return (Operation(Verb.CREATE, step),)
        case Action.UPDATE:
            return (Operation(Verb.UPDATE, step),)
        case Action.DELETE:
            return (Operation(Verb.DELETE, step),)
        case Action.REPLACE:
            return (Operation(Verb.DELETE, step), Operation(Verb.CREATE, step))
        case Action.NONE:
            return ()


class _Edges:
    """A directed graph that refuses circles on request."""

    def __init__(self, names: Iterable[str]) -> None:
        self.needs: dict[str, set[str]] = {name: set() for name in names}

    def add(self, before: str, after: str) -> None:
        self.needs[after].add(before)

    def add_unless_circular(self, before: str, after: str) -> None:
        if before != after and not self._reaches(before, after):
            self.add(before, after)

    def _reaches(self, start: str, goal: str) -> bool:
        """Whether ``start`` waits, directly or not, for ``goal``."""
        seen: set[str] = set()
        todo = [start]
        while todo:
            name = todo.pop()
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                todo.extend(self.needs[name])
        return False


type _Rule = Callable[[Mapping[str, Operation], KindsTraits], Iterator[tuple[str, str]]]


def _hard(plan: Plan, operations: Mapping[str, Operation], kinds: KindsTraits) -> Iterator[tuple[str, str]]:
    """Yield what must be: a reference exists before it is used, and the two halves of a replacement."""
    makers = {one.step.key: one.id for one in operations.values() if one.verb is not Verb.DELETE}
    for operation in operations.values():
        if operation.verb is Verb.DELETE or operation.step.wanted is None:
            continue
        for key in operation.step.wanted.dependencies & makers.keys():
            yield makers[key], operation.id
    for step in plan.steps:
        if step.action is Action.REPLACE:
            delete, create = (one.id for one in _operations(step))
            yield (create, delete) if kinds[step.kind].create_before_delete else (delete, create)


def _deletes_by_kind(operations: Mapping[str, Operation], kinds: KindsTraits) -> Iterator[tuple[str, str]]:
    """A resource is deleted after those of the kinds that can refer to its kind."""
    deletes = [one for one in operations.values() if one.verb is Verb.DELETE]
    for user in deletes:
        for used in deletes:
            if used.step.kind in kinds[user.step.kind].after and used.step.kind != user.step.kind:
                yield user.id, used.id


def _late_deletes(operations: Mapping[str, Operation], kinds: KindsTraits) -> Iterator[tuple[str, str]]:
    """The old one of a pair goes when everything that used it uses the new one."""
    for old in operations.values():
        step = old.step
        late = old.verb is Verb.DELETE and step.wanted is not None and kinds[step.kind].create_before_delete
        if late:
            for user in operations.values():
                wanted = user.step.wanted
                if user.verb is not Verb.DELETE and wanted and step.key in wanted.dependencies:
                    yield user.id, old.id


def _deletes_before_creates(
    operations: Mapping[str, Operation], kinds: KindsTraits
) -> Iterator[tuple[str, str]]:
    """Names and address ranges are free before others of the kind take them."""
    for old in operations.values():
        kind = old.step.kind
        if old.verb is Verb.DELETE and old.step.wanted is not None and not kinds[kind].create_before_delete:
            for new in operations.values():
                if new.verb is Verb.CREATE and new.step.kind == kind:
                    yield old.id, new.id


def _orphans_after_updates(
    operations: Mapping[str, Operation], kinds: KindsTraits
) -> Iterator[tuple[str, str]]:
    """What is no longer wanted goes after the updates that let go of it, and before others take its place."""
    for orphan in operations.values():
        if orphan.verb is not Verb.DELETE or orphan.step.wanted is not None:
            continue
        for other in operations.values():
            if other.verb is Verb.UPDATE and orphan.step.kind in kinds[other.step.kind].after:
                yield other.id, orphan.id
        for other in operations.values():
            if other.verb is Verb.CREATE and other.step.kind == orphan.step.kind:
                yield orphan.id, other.id
