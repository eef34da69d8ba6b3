"""Declared options in Ansible's words: as an argument spec, and as documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_origin

from .declared import Declared, declared, is_mapping

type Spec = dict[str, dict[str, Any]]

_TYPES = {int: "int", str: "str", bool: "bool"}


def spec(*classes: type[object]) -> Spec:
    """Return the argument spec of the options that ``classes`` declare."""
    return {
        one.argument: {
            **_shape(one),
            # Ansible would warn of a name like a secret's that does not say whether it is one.
            **({} if one.layer else {"no_log": one.option is not None and one.option.secret}),
            **({"options": spec(one.layer), "no_log": False} if one.layer else {}),
        }
        for one in _options(classes)
    }


def documentation(*classes: type[object]) -> Spec:
    """Return the same options as the section ``options`` of a documentation has them."""
    return {
        one.argument: {
            "description": _description(one),
            **_shape(one),
            **({"suboptions": documentation(one.layer)} if one.layer else {}),
        }
        for one in _options(classes)
    }


def fragment(*classes: type[object], **sections: list[str]) -> str:
    """Return a documentation fragment: YAML, of which JSON is a part."""
    return json.dumps({"options": documentation(*classes), **sections})


def _options(classes: tuple[type[object], ...]) -> Iterator[Declared]:
    """Yield the fields that are options of the owner's: those that have a description."""
    for cls in classes:
        yield from (one for one in declared(cls) if one.option is not None)


def _shape(one: Declared) -> dict[str, Any]:
    if one.layer is not None:
        return {"type": "dict"}
    shape: dict[str, Any] = {"type": _type(one)}
    if shape["type"] == "list":
        shape["elements"] = "str"
    if one.choices:
        shape["choices"] = list(one.choices)
    if one.required:
        shape["required"] = True
    elif one.default is not None:
        shape["default"] = list(one.default) if isinstance(one.default, tuple) else one.default
    return shape


def _type(one: Declared) -> str:
    if one.option is not None and one.option.file:
        return "path"
    if get_origin(one.hint) is tuple:
        return "list"
    if is_mapping(one.hint):
        return "dict"
    return _TYPES[type(one.choices[0]) if one.choices else one.hint]


def _description(one: Declared) -> list[str]:
    assert one.option is not None
    option = one.option
    said = [option.description]
    if option.minimum is not None:
        said.append(f"From V({option.minimum}) to V({option.maximum}).")
    return said
