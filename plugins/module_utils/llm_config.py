"""The two files in which the ``llm`` CLI keeps its further models and its keys, as text in and text out.

Nothing but the one entry changes: other entries, comments and blank lines stay as they were written. That is
why lines are edited, and what comes out is read again: ruamel.yaml writes indents and brackets anew and
drops the comment after an entry that goes, and blockinfile cannot replace an entry without its marks.
https://llm.datasette.io/en/stable/other-models.html#openai-compatible-models
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import yaml

from .errors import CliConfigError

Scalar = str | int | bool
Model = Mapping[str, Scalar | list[str]]
_NOTE_KEY = "// Note"
_NOTE = "This file stores secret API credentials. Do not share!"


def put_model(text: str, model: Model) -> str:
    """Return ``text`` with ``model`` as the only entry of its ``model_id``; ``text`` itself if it is so."""
    entries = _entries(text)
    name = model["model_id"]
    wanted = [dict(model) if entry.get("model_id") == name else entry for entry in entries]
    if entries == wanted and entries.count(dict(model)) == 1:
        return text
    lines, column, place = _without(text, str(name))
    lines[place:place] = _render(model, column)
    others = [entry for entry in entries if entry.get("model_id") != name]
    return _checked("".join(lines), [*others, dict(model)])


def drop_model(text: str, name: str) -> str:
    """Return ``text`` without the entries whose ``model_id`` is ``name``; empty where nothing else is."""
    entries = _entries(text)
    others = [entry for entry in entries if entry.get("model_id") != name]
    if others == entries:
        return text
    lines, _, _ = _without(text, name)
    left = "".join(lines)
    if not others:
        # llm fails on a file without a list: what is left of comments needs an empty one.
        left = f"{left}[]\n" if left.strip() else ""
    return _checked(left, others)


def put_key(text: str, name: str, key: str) -> str:
    """Return the keys' file with ``name`` set to ``key``; unchanged if it is that already."""
    keys = _keys(text)
    if keys.get(name) == key:
        return text
    return _dump({**(keys or {_NOTE_KEY: _NOTE}), name: key})


def drop_key(text: str, name: str) -> str:
    """Return the keys' file without ``name``: empty when no key is left in it."""
    keys = _keys(text)
    if name not in keys:
        return text
    left = {other: key for other, key in keys.items() if other != name}
    return _dump(left) if left.keys() - {_NOTE_KEY} else ""


def _entries(text: str) -> list[dict[str, object]]:
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CliConfigError(f"it is not valid YAML ({' '.join(str(error).split())})") from error
    if loaded is None:
        return []
    if not isinstance(loaded, list) or not all(isinstance(entry, dict) for entry in loaded):
        raise CliConfigError("it does not hold a list of models")
    return cast("list[dict[str, object]]", loaded)


def _without(text: str, name: str) -> tuple[list[str], int, int]:
    """Return the lines less the named entries, the column of the dashes, and the line to put an entry at."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    root = yaml.compose(text)
    if root is None:
        return lines, 0, len(lines)
    assert isinstance(root, yaml.SequenceNode)
    if root.flow_style:
        if root.value:
            raise CliConfigError(
                "its list is written in brackets; write one model per line, each after a dash"
            )
        return _without_empty_list(lines, root)
    nodes = zip(root.value, _entries(text), strict=True)
    spans = [_span(lines, node) for node, entry in nodes if entry.get("model_id") == name]
    for first, end in reversed(spans):
        del lines[first:end]
    return lines, root.start_mark.column, spans[0][0] if spans else len(lines)


def _without_empty_list(lines: list[str], root: yaml.Node) -> tuple[list[str], int, int]:
    first, end = root.start_mark.line, root.end_mark.line + 1
    if "".join(lines[first:end]).strip() != "[]":
        raise CliConfigError("its empty list shares a line with something else; put it on a line of its own")
    del lines[first:end]
    return lines, 0, first


def _span(lines: list[str], node: yaml.Node) -> tuple[int, int]:
    """Return an entry's lines, from its dash to its last word; what follows belongs to the next."""
    first = node.start_mark.line
    while not lines[first].lstrip().startswith("-"):
        first -= 1
    end = node.end_mark.line + (1 if node.end_mark.column else 0)
    end = max(end, first + 1)
    while end > first + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return first, end


def _render(model: Model, column: int) -> list[str]:
    # JSON's scalars and lists are YAML's, with the quotes that are never wrong.
    pairs = [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in model.items()]
    marks = ["- ", *["  "] * (len(pairs) - 1)]
    return [f"{' ' * column}{mark}{pair}" for mark, pair in zip(marks, pairs, strict=True)]


def _checked(text: str, wanted: list[dict[str, object]]) -> str:
    """Return ``text`` if it reads as what is wanted, in whatever order: an edit never breaks a file."""
    message = "its layout is one that cannot be changed line by line"
    try:
        found = _entries(text)
    except CliConfigError as error:
        raise CliConfigError(message) from error
    if len(found) != len(wanted) or any(entry not in found for entry in wanted):
        raise CliConfigError(message)
    return text


def _keys(text: str) -> dict[str, str]:
    try:
        loaded = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise CliConfigError(f"it is not valid JSON ({error})") from error
    if not isinstance(loaded, dict):
        raise CliConfigError("it does not hold an object")
    return loaded


def _dump(keys: Mapping[str, str]) -> str:
    return json.dumps(keys, indent=2) + "\n"
