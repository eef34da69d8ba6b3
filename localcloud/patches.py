"""Replace parts of moto, and be told at once when moto no longer has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_replaced: list[tuple[type, str, object]] = []


def replace(owner: type, name: str, value: object) -> None:
    """Put `value` in the place of `owner.name`, which must exist."""
    if name not in vars(owner):
        raise AttributeError(f"moto's {owner.__name__} has no {name} of its own; this moto is not supported")
    _replaced.append((owner, name, vars(owner)[name]))
    setattr(owner, name, value)


def add(owner: type, name: str, value: object) -> None:
    """Give `owner` what moto lacks; an error when moto has it meanwhile."""
    if hasattr(owner, name):
        raise AttributeError(f"moto's {owner.__name__} has {name} meanwhile; use moto's, or replace it")
    _replaced.append((owner, name, None))
    setattr(owner, name, value)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Undo at the end whatever was replaced or added inside."""
    before = len(_replaced)
    try:
        yield
    finally:
        while len(_replaced) > before:
            owner, name, value = _replaced.pop()
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
