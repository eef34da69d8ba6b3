"""Tags in the two shapes that AWS uses, and whose a resource is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .kind import KEY_TAG, REGION_TAG, STACK_TAG, Context


def as_pairs(tags: Mapping[str, str]) -> list[Any]:
    """Return ``tags`` as the list of ``Key`` and ``Value`` pairs that most services take.

    The stubs of each service have a class of their own for such a pair, and no two of them agree.
    """
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def as_mapping(pairs: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Return a service's list of pairs as a mapping. A tag without a value has an empty one."""
    return {str(pair["Key"]): str(pair.get("Value") or "") for pair in pairs}


def is_ours(context: Context, tags: Mapping[str, str]) -> bool:
    """Whether a resource with these ``tags`` belongs to this stack, and says which of its resources it is."""
    here = tags.get(REGION_TAG, context.region) == context.region
    return tags.get(STACK_TAG) == context.stack and KEY_TAG in tags and here
