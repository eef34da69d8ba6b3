"""A plan as people read it, and as a playbook does. Secret values appear in neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from .model import Action, Reference, Value
from .plan import KindsTraits, Plan, Step

SIGNS = {
    Action.CREATE: "  + ",
    Action.UPDATE: "  ~ ",
    Action.REPLACE: "-/+ ",
    Action.DELETE: "  - ",
    Action.NONE: "  = ",
}
_MASK = "(secret)"
_WIDTH = 72


def text(plan: Plan, kinds: KindsTraits) -> str:
    """Return the plan for ``--diff``: every step that does something or keeps data, and the counts."""
    lines: list[str] = []
    for step in plan.changing + plan.kept:
        lines.append(headline(step, kinds))
        lines.extend(f"      {line}" for line in _details(step, kinds))
    lines.append(f"Plan: {summary(plan)}")
    return "\n".join(lines) + "\n"


def headline(step: Step, kinds: KindsTraits) -> str:
    """Return one line: sign, key, kind, the id where there is one, and why it is replaced or deleted."""
    name = kinds[step.kind].name
    what = f"{name} {step.found.id}" if step.found is not None else name
    why = f": {step.reason}" if step.reason and step.action is not Action.CREATE else ""
    return f"{SIGNS[step.action]}{step.key} ({what}){why}"


def summary(plan: Plan) -> str:
    """Return the counts in one line."""
    counts = plan.count()
    kept = len(plan.kept)
    parts = [
        f"{counts[action]} to {action}" for action in Action if action is not Action.NONE and counts[action]
    ]
    parts += [f"{counts['none'] - kept} unchanged"] if counts["none"] - kept else []
    doubles = len(plan.doubles)
    parts += [f"{kept - doubles} kept for the data in them"] if kept - doubles else []
    parts += [f"{doubles} kept beside another one"] if doubles else []
    return f"{', '.join(parts) or 'nothing there'}."


def doubles(plan: Plan, kinds: KindsTraits) -> list[str]:
    """Return a sentence for each resource that has the tags of another one and was left alone."""
    return [
        f"{kinds[step.kind].name} {step.found.id} has the tags of {step.key}, as another one has. It was "
        f"left alone ({step.reason.removeprefix('kept: ')}). If you made it, take its airlift: tags away; "
        "delete it if nobody needs it."
        for step in plan.doubles
        if step.found is not None
    ]


def as_data(plan: Plan, kinds: KindsTraits) -> list[dict[str, object]]:
    """Return the steps that do something, or keep data, as plain data for a module's result."""
    return [
        {
            "action": step.action.value if step.action is not Action.NONE else "keep",
            "kind": step.kind,
            "key": step.key,
            "id": step.found.id if step.found is not None else None,
            "reason": step.reason,
            "changes": [
                {"path": path, "before": plain(before), "after": plain(after)}
                for path, before, after in _changes(step, kinds)
            ],
        }
        for step in plan.changing + plan.kept
    ]


def plain(value: Value) -> object:
    """Return ``value`` as JSON: references become their words."""
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def _changes(step: Step, kinds: KindsTraits) -> Iterator[tuple[str, Value, Value]]:
    """Yield path, before and after of what a step changes; secret values masked."""
    secret = kinds[step.kind].schema.secret
    if step.action is Action.CREATE and step.wanted is not None:
        for name, value in step.wanted.properties.items():
            if value is not None:
                yield name, None, _MASK if name in secret else value
    for change in step.changes:
        hidden = change.path.split(".")[0] in secret
        yield change.path, *((_MASK, _MASK) if hidden else (change.before, change.after))


def _details(step: Step, kinds: KindsTraits) -> Iterator[str]:
    """Yield the lines below a step's headline."""
    immutable = kinds[step.kind].schema.immutable if step.action is Action.REPLACE else frozenset()
    for path, before, after in _changes(step, kinds):
        if step.action is Action.CREATE:
            yield from _block(path, after)
            continue
        note = "  # forces replacement" if path.split(".")[0] in immutable else ""
        old, new = _inline(before), _inline(after)
        if len(old) + len(new) <= _WIDTH:
            yield f"{path}: {old} → {new}{note}"
        else:
            yield f"{path}:{note}"
            yield from _listed("- ", before, after)
            yield from _listed("+ ", after, before)


def _listed(sign: str, value: Value, other: Value) -> Iterator[str]:
    """Yield ``value`` line by line; of a list only the items that ``other`` lacks."""
    if _is_list(value) and _is_list(other):
        value = [item for item in value if item not in other]
        if not value:
            return
    items = value if _is_list(value) else [value]
    for item in items:
        yield f"  {sign}{_inline(item)}"


def _block(name: str, value: Value) -> Iterator[str]:
    """Yield one property of something new: on one line, or its items below it."""
    line = _inline(value)
    if len(line) <= _WIDTH or not (isinstance(value, Mapping) or _is_list(value)):
        yield f"{name}: {line}"
        return
    yield f"{name}:"
    items = value.items() if isinstance(value, Mapping) else (("-", item) for item in value)
    for label, item in items:
        prefix = "- " if label == "-" else f"{label}: "
        yield f"  {prefix}{_inline(item)}"


def _inline(value: Value) -> str:
    """Return ``value`` on one line, as YAML would show it."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_inline(item)}" for name, item in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    lines = str(value).strip().splitlines()
    if len(lines) > 1:
        return f"{lines[0]} … ({len(lines)} lines)"
    return lines[0] if lines else '""'


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
