"""What is wanted against what was found: the steps that lead from one to the other, with their reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ..errors import BlueprintError
from .diff import diff, resolve
from .graph import validate
from .model import Action, Change, Found, Wanted, references
from .schema import Schema, check


class Traits(Protocol):
    """What the planner has to know about a kind: the pure part of ``resources.kind.Kind``."""

    name: ClassVar[str]
    after: ClassVar[frozenset[str]]
    schema: ClassVar[Schema]
    holds_data: ClassVar[bool]
    billable: ClassVar[bool]
    expected_seconds: ClassVar[int]
    create_before_delete: ClassVar[bool]
    deletable_in_use: ClassVar[bool]


type KindsTraits = Mapping[str, Traits]
type TagsFor = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    ``changes`` are the differences behind an update or a replacement, ``reason`` the same in words (also why
    something is deleted, or kept). ``wanted`` is None for a deletion, ``found`` for a creation.
    """

    action: Action
    kind: str
    key: str
    wanted: Wanted | None = None
    found: Found | None = None
    changes: tuple[Change, ...] = ()
    reason: str = ""

    @property
    def id(self) -> str:
        """A name for the step that is unique in its plan: several resources may carry one key."""
        if self.wanted is None and self.found is not None:
            return f"{self.kind} {self.key} {self.found.id}"
        return self.key


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for every resource that is wanted or was found, those that change nothing too."""

    steps: tuple[Step, ...]

    @property
    def changing(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.action is not Action.NONE)

    @property
    def kept(self) -> tuple[Step, ...]:
        """What would have been deleted, but holds data."""
        return tuple(step for step in self.steps if step.action is Action.NONE and step.wanted is None)

    @property
    def doubles(self) -> tuple[Step, ...]:
        """What was kept beside another one of the same kind and key."""
        counts = Counter((step.kind, step.key) for step in self.steps)
        return tuple(step for step in self.kept if counts[step.kind, step.key] > 1)

    def count(self) -> dict[str, int]:
        """Return how many steps there are of each action."""
        counts = Counter(step.action for step in self.steps)
        return {action.value: counts[action] for action in Action}


def plan(
    wanted: Iterable[Wanted],
    found: Iterable[Found],
    kinds: KindsTraits,
    tags_for: TagsFor | None = None,
    data_may_go: bool = False,
) -> Plan:
    """Return how to get from ``found`` to ``wanted``.

    ``tags_for`` gives the tags that a resource should carry, compared where ``Found.tags`` is known. Data is
    deleted or replaced only if ``data_may_go``: a deletion is then left out, a replacement is an error.
    Raises ``BlueprintError`` if ``wanted`` is no graph, or if a replacement would lose data, and
    ``DefectError`` if it has a property that its kind does not declare.
    """
    graph = validate(wanted)
    check(graph, kinds)
    planner = _Planner(kinds, tags_for, tuple(found))
    steps = [planner.step(resource) for resource in graph]
    lost = [
        f"{step.kind} {step.key} would have to be replaced ({step.reason}), and with it its data would go."
        for step in steps
        if step.action is Action.REPLACE and _holds_data(step, kinds) and not data_may_go
    ]
    if lost:
        raise BlueprintError("\n".join(lost), "Set destroy_data to true to replace it anyway.")
    steps.extend(planner.leftovers(data_may_go))
    return Plan(tuple(steps))


def removal(
    found: Iterable[Found],
    kinds: KindsTraits,
    protected: Iterable[str] = (),
    data_may_go: bool = False,
) -> Plan:
    """Return how to delete all of ``found``.

    What holds data, has a key in ``protected`` or is a copy of another one is kept unless ``data_may_go``.
    """
    keys = frozenset(protected)
    listed = sorted(found, key=lambda one: (one.kind, one.key, one.id))
    originals = {(one.kind, one.key) for one in listed if not one.copied}
    steps = []
    for item in listed:
        copy = item.copied and (item.kind, item.key) in originals
        keep = _why_kept(copy, kinds[item.kind].holds_data or item.key in keys, data_may_go)
        steps.append(_deletion(item, "the stack is to be absent", keep))
    return Plan(tuple(steps))


def _why_kept(copy: bool, data: bool, data_may_go: bool) -> str:
    """Return why something is not deleted, or nothing if it is."""
    if data_may_go:
        return ""
    if copy:
        return "kept: somebody copied it from another one, with its tags"
    return "kept: it holds data" if data else ""


def _deletion(found: Found, reason: str, why_kept: str) -> Step:
    action = Action.NONE if why_kept else Action.DELETE
    return Step(action, found.kind, found.key, found=found, reason=why_kept or reason)


def _holds_data(step: Step, kinds: KindsTraits) -> bool:
    return kinds[step.kind].holds_data or (step.wanted is not None and step.wanted.protected)


def _badness(step: Step) -> tuple[bool, bool, int]:
    """Sort what can be made of resources with one key: a copy last, then what has to be replaced."""
    copied = step.found is not None and step.found.copied
    return copied, step.action is Action.REPLACE, len(step.changes)


class _Planner:
    """Plans one resource after the other, in the graph's order, remembering which outputs are known."""

    def __init__(self, kinds: KindsTraits, tags_for: TagsFor | None, found: Sequence[Found]) -> None:
        self.kinds = kinds
        self.tags_for = tags_for
        self.left: dict[tuple[str, str], list[Found]] = {}
        for item in sorted(found, key=lambda one: one.id):
            self.left.setdefault((item.kind, item.key), []).append(item)
        self.outputs: dict[str, Mapping[str, str]] = {}
        self.replaced: dict[str, str] = {}
        self.protected: set[str] = set()

    def step(self, wanted: Wanted) -> Step:
        """Return what to do about ``wanted``, and take what was found for it off ``left``."""
        if wanted.protected:
            self.protected.add(wanted.key)
        candidates = self.left.pop((wanted.kind, wanted.key), [])
        if not candidates:
            return Step(Action.CREATE, wanted.kind, wanted.key, wanted, reason="it does not exist")
        steps = [self._against(wanted, found) for found in candidates]
        best = min(steps, key=_badness)
        others = [one.found for one in steps if one is not best and one.found is not None]
        if others:
            self.left[wanted.kind, wanted.key] = others
        if best.action is Action.REPLACE:
            self.replaced[wanted.key] = wanted.kind
        elif best.found is not None:
            self.outputs[wanted.key] = best.found.outputs
        return best

    def leftovers(self, data_may_go: bool) -> Iterator[Step]:
        """Yield the deletion of each resource that is ours and that nothing wants, in a fixed order."""
        for (kind, key), items in sorted(self.left.items()):
            for found in items:
                twice = key in self.outputs or key in self.replaced
                reason = "there is another one with the same key" if twice else "it is no longer wanted"
                data = self.kinds[kind].holds_data or key in self.protected
                yield _deletion(found, reason, _why_kept(found.copied, data, data_may_go))

    def _against(self, wanted: Wanted, found: Found) -> Step:
        """Return what makes ``found`` be as ``wanted``."""
        kind = self.kinds[wanted.kind]
        properties = {
            name: resolve(value, self.outputs)
            for name, value in wanted.properties.items()
            if name not in kind.schema.create_only
        }
        changes = diff(properties, found.properties, kind.schema.unordered)
        fixed = [change for change in changes if change.path.split(".")[0] in kind.schema.immutable]
        reason = ", ".join(
            self._replacement_reason(change) for change in fixed
        ) or self._reason_from_references(wanted)
        changes += self._retagged(wanted.key, found)
        if reason:
            return Step(Action.REPLACE, wanted.kind, wanted.key, wanted, found, changes, reason)
        action = Action.UPDATE if changes else Action.NONE
        return Step(action, wanted.kind, wanted.key, wanted, found, changes)

    def _replacement_reason(self, change: Change) -> str:
        """Say why an immutable property differs: the owner changed it, or what it refers to is replaced."""
        gone = [reference.key for reference in references(change.after) if reference.key in self.replaced]
        return f"{gone[0]} is replaced" if gone else f"{change.path} cannot be changed in place"

    def _reason_from_references(self, wanted: Wanted) -> str:
        """Say which resource that ``wanted`` refers to is replaced, and cannot be while this one uses it."""
        for reference in references(wanted.properties):
            used = self.replaced.get(reference.key)
            if used and not (self.kinds[used].create_before_delete or self.kinds[used].deletable_in_use):
                return f"{reference.key} is replaced, and cannot be deleted while this uses it"
        return ""

    def _retagged(self, key: str, found: Found) -> tuple[Change, ...]:
        """Return the tags that are missing or have another value; foreign tags are left alone."""
        if self.tags_for is None or found.tags is None:
            return ()
        return tuple(
            Change(f"tags.{name}", found.tags.get(name), value)
            for name, value in sorted(self.tags_for(key).items())
            if found.tags.get(name) != value
        )
