"""One entry in a JSON file that is somebody else's, as text in and text out. Pure.

Nothing but the entry changes: other members, comments (``//`` and ``/* */``, which many CLIs read), blank
lines and a comma after the last member stay as they were written, and taking the entry out again gives the
text that was there before. Objects on the way to the entry are made, and go with the last thing in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import CliConfigError
from .json_spans import Member, Node, read

_STEP = "  "
_LAYOUT = "its layout is one that cannot be changed in place"


@dataclass(frozen=True)
class Entry:
    """A value at a path of keys; with ``by``, an item of the list there, known by its member of that name."""

    path: Sequence[str]
    value: object
    by: str | None = None

    def place(self, root: Node) -> tuple[list[Node], Member | None]:
        """Return the containers on the way that exist, from the root, and the entry if it is there."""
        found, node = [root], root
        for key in self.path[: None if self.by else -1]:
            member = node.member(key)
            if member is None:
                return found, None
            node = member.node
            found.append(node)
        if self.by:
            return found, node.item(self.by, self._identity)
        return found, node.member(self.path[-1])

    @property
    def _identity(self) -> object:
        return self.value[self.by] if isinstance(self.value, Mapping) and self.by else None


def put(text: str, entry: Entry) -> str:
    """Return ``text`` with the entry in it; ``text`` itself if it is there. Raises CliConfigError."""
    text = text if text.strip() else "{}\n"
    root = _root(text)
    containers, member = entry.place(root)
    _check_kinds(entry, containers)
    if member is not None:
        if member.node.value == entry.value:
            return text
        indent = _line_indent(text, member.start)
        done = text[: member.node.start] + _render(entry.value, indent) + text[member.node.end :]
    else:
        done = _insert(text, containers[-1], *_missing(entry, len(containers) - 1))
    return _checked(done, _with(root.value, entry))


def drop(text: str, entry: Entry) -> str:
    """Return ``text`` without the entry, empty where nothing else is in it. Raises CliConfigError.

    Of the entry's value only what it is known by (``by``) is looked at.
    """
    if not text.strip():
        return text
    root = _root(text)
    containers, member = entry.place(root)
    if member is None:
        return text
    gone = member.node.value
    keys = list(entry.path)
    while len(containers) > 1 and len(containers[-1].members) == 1 and _bare(text, containers[-1], member):
        # Nothing but the entry is in it: it goes as a whole.
        containers.pop()
        parent = containers[-1].member(keys[len(containers) - 1])
        assert parent is not None
        member = parent
    holder = containers[-1]
    if len(containers) == 1 and len(holder.members) == 1 and _bare(text, holder, member):
        outside = text[: holder.start] + text[holder.end :]
        return "" if not outside.strip() else _cut(text, holder, member)
    done = _cut(text, holder, member)
    taken = Entry(entry.path, gone, entry.by)
    if _canonical(_with(read(done).value, taken)) != _canonical(root.value):
        raise CliConfigError(_LAYOUT)
    return done


def _root(text: str) -> Node:
    root = read(text)
    if not isinstance(root.value, dict):
        raise CliConfigError("it does not hold a JSON object")
    return root


def _check_kinds(entry: Entry, containers: Sequence[Node]) -> None:
    for depth, node in enumerate(containers):
        wanted = list if entry.by and depth == len(entry.path) else dict
        if not isinstance(node.value, wanted):
            name = ".".join(entry.path[:depth])
            raise CliConfigError(f"{name} in it is no {'list' if wanted is list else 'object'}")


def _missing(entry: Entry, depth: int) -> tuple[str | None, object]:
    """Return the key and the value to put into the deepest container that exists (no key: into a list)."""
    keys = list(entry.path[depth:])
    value: object = [entry.value] if entry.by and keys else entry.value
    while len(keys) > 1:
        value = {keys.pop(): value}
    return (keys[0] if keys else None), value


def _with(value: object, entry: Entry) -> object:
    """Return the data as it shall be."""
    copy = json.loads(json.dumps(value))
    at = copy
    for key in entry.path[:-1]:
        at = at.setdefault(key, {})
    last = entry.path[-1]
    if not entry.by:
        at[last] = entry.value
        return copy
    items = at.setdefault(last, [])
    assert isinstance(entry.value, Mapping)
    known = [item.get(entry.by) if isinstance(item, dict) else None for item in items]
    if entry.value[entry.by] in known:
        items[known.index(entry.value[entry.by])] = entry.value
    else:
        items.append(entry.value)
    return copy


def _insert(text: str, holder: Node, key: str | None, value: object) -> str:
    name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
    close = holder.end - 1
    outer = _line_indent(text, holder.start)
    if not holder.members:
        inside = text[holder.start + 1 : close]
        new = f"\n{outer}{_STEP}{name}{_render(value, outer + _STEP)}"
        # What a user wrote into an empty object is a comment: it stays before the entry.
        kept = inside.rstrip()
        return f"{text[: holder.start + 1]}{kept}{new}\n{outer}{text[close:]}"
    last = holder.members[-1]
    end = len(text[:close].rstrip())
    if "\n" in text[holder.start : close]:
        indent = _line_indent(text, holder.members[0].start)
        new = f"\n{indent}{name}{_render(value, indent)}"
    else:
        new = f" {name}{json.dumps(value, ensure_ascii=False)}"
    if last.comma is not None:
        return f"{text[:end]}{new},{text[end:]}"
    return f"{text[: last.node.end]},{text[last.node.end : end]}{new}{text[end:]}"


def _cut(text: str, holder: Node, member: Member) -> str:
    place = holder.members.index(member)
    previous = holder.members[place - 1] if place else None
    end = member.node.end if member.comma is None else member.comma + 1
    start = len(text[: member.start].rstrip())
    if len(holder.members) == 1:
        return text[:start] + text[end:]
    if previous is not None and previous.comma is not None and member.comma is None:
        # It was the last one: the comma before it goes as well.
        return text[: previous.comma] + text[previous.comma + 1 : start] + text[end:]
    return text[:start] + text[end:]


def _bare(text: str, holder: Node, member: Member) -> bool:
    """Return whether nothing is in the container beside the entry, comments included."""
    after = member.node.end if member.comma is None else member.comma + 1
    return not (text[holder.start + 1 : member.start] + text[after : holder.end - 1]).strip()


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _render(value: object, indent: str) -> str:
    return json.dumps(value, indent=len(_STEP), ensure_ascii=False).replace("\n", f"\n{indent}")


def _checked(text: str, wanted: object) -> str:
    """Return ``text`` if it reads as what is wanted: an edit never breaks a file."""
    if read(text).value != wanted:
        raise CliConfigError(_LAYOUT)
    return text


def _canonical(value: object) -> str:
    """Return the data as text in which no order matters."""
    if isinstance(value, dict):
        return json.dumps({name: _canonical(one) for name, one in value.items()}, sort_keys=True)
    return json.dumps(sorted(map(_canonical, value)) if isinstance(value, list) else value)
