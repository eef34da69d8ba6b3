"""One small pure comparison of what is wanted with what was found.

The rules, which every kind can rely on:

- A wanted ``None`` is unmanaged, at any depth: no difference.
- A wanted property that ``found`` lacks altogether was not returned by the API: no difference. Inside a
  property's value a missing item is one.
- What only ``found`` has was put there by others: no difference, at any depth of mappings.
- Lists compare item by item, in order and in length; under a property named in ``unordered``, as sets.
- A reference that has not been resolved is unknown, so it is always a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeGuard

from .model import Change, Reference, Value


def diff(
    wanted: Mapping[str, Value], found: Mapping[str, Value], unordered: Collection[str] = ()
) -> tuple[Change, ...]:
    """Return what has to change in ``found`` so that it is as ``wanted``, ordered by path."""
    changes: list[Change] = []
    for name in sorted(wanted.keys() & found.keys()):
        changes.extend(_compare(name, wanted[name], found[name], name in unordered))
    return tuple(changes)


def resolve(value: Value, outputs: Mapping[str, Mapping[str, str]]) -> Value:
    """Return ``value`` with every reference that ``outputs`` (by key, by output) knows replaced."""
    if isinstance(value, Reference):
        return outputs.get(value.key, {}).get(value.output, value)
    if isinstance(value, Mapping):
        return {name: resolve(item, outputs) for name, item in value.items()}
    if _is_list(value):
        return [resolve(item, outputs) for item in value]
    return value


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _compare(path: str, wanted: Value, found: Value, unordered: bool) -> Iterator[Change]:
    if wanted is None:
        return
    if isinstance(wanted, Mapping) and (found is None or isinstance(found, Mapping)):
        found = found or {}
        for name in sorted(wanted):
            yield from _compare(f"{path}.{name}", wanted[name], found.get(name), unordered)
    elif _is_list(wanted) and _is_list(found):
        yield from _compare_lists(path, wanted, found, unordered)
    elif isinstance(wanted, bool) != isinstance(found, bool) or wanted != found:
        yield Change(path, found, wanted)


def _compare_lists(
    path: str, wanted: Sequence[Value], found: Sequence[Value], unordered: bool
) -> Iterator[Change]:
    if unordered:
        if not _same_items(wanted, found):
            yield Change(path, found, wanted)
    elif len(wanted) != len(found):
        yield Change(path, found, wanted)
    else:
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _compare(f"{path}.{index}", one, other, unordered)


def _same_items(wanted: Sequence[Value], found: Sequence[Value]) -> bool:
    """Whether each wanted item has a found one of its own, and none is left over."""
    left = list(found)
    for item in sorted(wanted, key=_size, reverse=True):
        match = next((at for at, other in enumerate(left) if not any(_compare("", item, other, True))), None)
        if match is None:
            return False
        del left[match]
    return not left


def _size(value: Value) -> int:
    """How much ``value`` demands: the most demanding item chooses first what it matches."""
    if isinstance(value, Mapping):
        return sum(1 + _size(item) for item in value.values() if item is not None)
    return 1 + sum(map(_size, value)) if _is_list(value) else 1
