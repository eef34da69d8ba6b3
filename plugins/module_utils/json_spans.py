"""JSON with comments and trailing commas, read together with where everything stands in the text. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from .errors import CliConfigError

_GAP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SCALAR = re.compile(r"[-+.\w]+")


@dataclass(frozen=True)
class Node:
    """A value, the text it was read from (``start`` to ``end``), and what an object or a list holds."""

    value: object
    start: int
    end: int
    members: list[Member] = field(default_factory=list)

    def member(self, key: str) -> Member | None:
        """Return an object's member."""
        return next((one for one in reversed(self.members) if one.key == key), None)

    def item(self, by: str, value: object) -> Member | None:
        """Return the item of a list that is an object with this member."""
        found = (one for one in self.members if isinstance(one.node.value, dict))
        return next((one for one in found if one.node.value.get(by) == value), None)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Member:
    """A member of an object or an item of a list: where it begins, and the comma after it if there is one."""

    key: str | None
    start: int
    node: Node
    comma: int | None


def read(text: str) -> Node:
    """Return the text's one value. Raises CliConfigError."""
    node = _value(text, _gap(text, 0))
    end = _gap(text, node.end)
    if end != len(text):
        raise _fault(text, end, "something follows its end")
    return node


def _gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> Node:
    first = text[at : at + 1]
    if first in ("{", "["):
        return _container(text, at, "}" if first == "{" else "]")
    found = (_STRING if first == '"' else _SCALAR).match(text, at)
    if found is None:
        raise _fault(text, at, "a value is missing")
    try:
        return Node(json.loads(found[0]), at, found.end())
    except ValueError as error:
        raise _fault(text, at, f"{found[0][:20]} is no value") from error


def _container(text: str, start: int, close: str) -> Node:
    members: list[Member] = []
    at = _gap(text, start + 1)
    while text[at : at + 1] != close:
        if members and members[-1].comma is None:
            raise _fault(text, at, "a comma is missing")
        begin, key = at, None
        if close == "}":
            key, at = _key(text, at)
        node = _value(text, at)
        after = _gap(text, node.end)
        comma = after if text[after : after + 1] == "," else None
        members.append(Member(key, begin, node, comma))
        at = after if comma is None else _gap(text, comma + 1)
    value: object = (
        {str(one.key): one.node.value for one in members}
        if close == "}"
        else [one.node.value for one in members]
    )
    return Node(value, start, at + 1, members)


def _key(text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if found is None:
        raise _fault(text, at, "a name in quotes is missing")
    colon = _gap(text, found.end())
    if text[colon : colon + 1] != ":":
        raise _fault(text, colon, "a colon is missing")
    return str(json.loads(found[0])), _gap(text, colon + 1)


def _fault(text: str, at: int, what: str) -> CliConfigError:
    line = text.count("\n", 0, at) + 1
    return CliConfigError(f"it is not valid JSON (line {line}: {what})")
