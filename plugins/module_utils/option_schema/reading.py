"""Reads options by their declaration, with a sentence for each that is unknown, missing or out of range."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard, get_origin

from .declared import Declared, declared, is_mapping

_WORDS = {int: "a whole number", str: "a string", bool: "true or false"}


def read(
    options: Iterable[Declared],
    raw: Mapping[str, object],
    errors: list[str],
    path: str = "",
    as_arguments: bool = False,
) -> dict[str, object]:
    """Return those of ``raw`` that are what ``options`` declare, and add to ``errors`` what others are not.

    ``None`` counts as not given. With ``as_arguments`` the names are the owner's (``certificate_file``),
    otherwise those of the fields. A layer that misses what it requires is left out whole.
    """
    known = {one.argument if as_arguments else one.field: one for one in options}
    for name in sorted(raw.keys() - known.keys()):
        errors.append(unknown(name, [one.argument for one in known.values()], path))
    missing = [one.argument for name, one in known.items() if one.required and raw.get(name) is None]
    if missing:
        errors.append(f"Missing option {' and '.join(path + name for name in missing)}.")
    values: dict[str, object] = {}
    for name, one in known.items():
        if raw.get(name) is not None:
            value = _value(one, raw[name], f"{path}{one.argument}", errors, as_arguments)
            if value is not None:
                values[name] = value
    return values


def unknown(name: str, known: Iterable[str], path: str = "", what: str = "Unknown option") -> str:
    """Return the sentence about a name that nobody knows, with the one that was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"{what} {path}{name}." + (f" Did you mean {path}{close[0]}?" if close else "")


def fault(one: Declared, value: object, path: str) -> str | None:
    """Return the sentence about a ``value`` that the option cannot have, whatever is within a layer."""
    if (said := _type_fault(one, value)) is not None:
        return f"{path} {said}."
    if isinstance(value, int) and one.option is not None and not one.option.holds(value):
        return f"{path} is {value}; it must be between {one.option.minimum} and {one.option.maximum}."
    return None


def _value(one: Declared, value: object, path: str, errors: list[str], as_arguments: bool) -> object:
    """Return ``value`` as the field has it, or None with what is wrong added to ``errors``."""
    if (said := fault(one, value, path)) is not None:
        errors.append(said)
        return None
    if one.layer is not None and isinstance(value, Mapping):
        options = declared(one.layer)
        values = read(options, value, errors, f"{path}.", as_arguments)
        required = {each.argument if as_arguments else each.field for each in options if each.required}
        return values if required <= values.keys() else None
    return tuple(value) if _is_list(value) else value


def _type_fault(one: Declared, value: object) -> str | None:
    """Return what has to be said of ``value``, which is not repeated unless it is a word or a number."""
    if get_origin(one.hint) is tuple:
        if not _is_list(value) or not all(isinstance(item, str) for item in value):
            return "must be a list of strings"
        strange = [item for item in value if one.choices and item not in one.choices]
        return f"has {strange[0]!r}; it may hold {', '.join(one.choices)}" if strange else None
    if one.layer is not None or is_mapping(one.hint):
        words = "must be a mapping" if one.layer is None else "must be a mapping of options"
        return None if isinstance(value, Mapping) else words
    if value in one.choices if one.choices else _is_a(value, one.hint):
        return None
    wanted = f"one of {', '.join(map(str, one.choices))}" if one.choices else _WORDS[one.hint]
    plain = isinstance(value, str | int | float) and not (one.option is not None and one.option.secret)
    return f"is {value!r}; it must be {wanted}" if plain else f"must be {wanted}"


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_a(value: object, hint: type[object]) -> bool:
    """Whether ``value`` is of that type, of which Ansible has types of its own; and True is no number."""
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
