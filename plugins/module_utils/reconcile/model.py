"""Resources and their properties: what is wanted, what was found, and what lies between.

Pure data. Nothing here, nor anywhere in ``reconcile``, imports boto3 or Ansible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

type Value = bool | int | float | str | Reference | Sequence[Value] | Mapping[str, Value] | None
"""A property's value: JSON, with references where an output of another resource belongs."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An output of another resource, unknown until that resource exists.

    ``key`` is the other resource's key (``network/vpc``), ``output`` the name of its output (``id``).
    """

    key: str
    output: str = "id"

    def __str__(self) -> str:
        return "(known after apply)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource as the blueprint wants it.

    ``key`` is its identity within the stack and its ``airlift:key`` tag. A property that is ``None`` is
    unmanaged: it is left as AWS has it. ``after`` orders resources that do not refer to each other.
    ``protected`` resources hold data: they are deleted only when the owner says that data goes too.
    """

    kind: str
    key: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    protected: bool = False

    @property
    def dependencies(self) -> frozenset[str]:
        """Keys of every resource that has to be done before this one."""
        return self.after | {reference.key for reference in references(self.properties)}


@dataclass(frozen=True, slots=True)
class Found:
    """One resource as AWS has it. ``properties`` uses the same names as the ``Wanted`` of its kind.

    ``id`` is what its delete call takes. ``outputs`` are what references resolve to.
    ``properties`` leaves out what the API does not return; such a property is never a difference.
    ``tags`` are all its tags, foreign ones too, or None where they were not read: then they are not compared.
    ``copied`` is one that somebody made of ours, tags and all (EC2's "launch more like this" copies them).
    """

    kind: str
    key: str
    id: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the dotted path of a property, its value now and its value after."""

    path: str
    before: Value
    after: Value


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NONE = "none"


def references(value: Value) -> Iterator[Reference]:
    """Yield every reference within ``value``, at any depth."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from references(item)
