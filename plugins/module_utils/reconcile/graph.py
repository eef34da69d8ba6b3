"""The wanted resources as a graph: is it one, and in which order does it come up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from ..errors import BlueprintError
from .model import Wanted


def validate(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Return ``wanted`` with each resource after what it needs; otherwise keeping the order given.

    Raises ``BlueprintError`` that names every duplicate key, every unknown reference, or the cycle.
    """
    resources = tuple(wanted)
    by_key = {resource.key: resource for resource in resources}
    counts = Counter(resource.key for resource in resources)
    errors = [f"{key} is defined {count} times." for key, count in counts.items() if count > 1]
    errors += [
        f"{resource.kind} {resource.key} needs {missing}, which is not in the stack."
        for resource in resources
        for missing in sorted(resource.dependencies - by_key.keys())
    ]
    if errors:
        raise BlueprintError("\n".join(errors))
    return tuple(by_key[key] for key in order({key: one.dependencies for key, one in by_key.items()}))


def order(dependencies: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the keys of ``dependencies`` in their own order, but each after what it needs."""
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        raise BlueprintError(f"These resources need each other, so none can be first: {cycle}.") from error
    ordered: dict[str, None] = {}

    def place(key: str) -> None:
        if key not in ordered:
            for needed in sorted(dependencies.get(key, ())):
                place(needed)
            ordered[key] = None

    for key in dependencies:
        place(key)
    return tuple(ordered)
