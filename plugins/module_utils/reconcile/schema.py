"""Which properties a kind knows, and how each behaves. One that no kind declares is a mistake of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ..errors import DefectError
from .model import Wanted


@dataclass(frozen=True, slots=True)
class Property:
    """How one property behaves.

    ``immutable``: AWS cannot change it in place; a difference is a replacement.
    ``create_only``: used at creation and never compared: a secret value, an image that has since moved on.
    ``unordered``: AWS keeps no order in it; lists compare as sets, at any depth.
    ``secret``: its value is never shown, in a plan or anywhere.
    """

    immutable: bool = False
    create_only: bool = False
    unordered: bool = False
    secret: bool = False


UPDATABLE = Property()
"""Compared, and changed in place."""

IMMUTABLE = Property(immutable=True)
CREATE_ONLY = Property(create_only=True)
UNORDERED = Property(unordered=True)


@dataclass(frozen=True, slots=True)
class Schema:
    """The names of a kind's properties: all of them, and those that behave in some way."""

    names: frozenset[str]
    immutable: frozenset[str]
    create_only: frozenset[str]
    unordered: frozenset[str]
    secret: frozenset[str]


def declare(**properties: Property) -> Schema:
    """Return the schema of a kind that knows ``properties`` and no others."""
    return Schema(
        names=frozenset(properties),
        immutable=frozenset(name for name, one in properties.items() if one.immutable),
        create_only=frozenset(name for name, one in properties.items() if one.create_only),
        unordered=frozenset(name for name, one in properties.items() if one.unordered),
        secret=frozenset(name for name, one in properties.items() if one.secret),
    )


class HasSchema(Protocol):
    """A kind, as far as its properties go."""

    schema: ClassVar[Schema]


def check(wanted: Iterable[Wanted], kinds: Mapping[str, HasSchema]) -> None:
    """Raise ``DefectError`` that names every property in ``wanted`` that its kind does not declare.

    Left alone, a misspelt property would be unmanaged, and nobody would be told.
    """
    unknown = [
        f"{one.kind} {one.key} has a property {name}, which its kind does not declare."
        for one in wanted
        for name in sorted(one.properties.keys() - kinds[one.kind].schema.names)
    ]
    if unknown:
        raise DefectError("\n".join(unknown))
