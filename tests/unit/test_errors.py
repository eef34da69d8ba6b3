"""One tree of errors: all of it in one file, shown whole in that file's docstring."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils import errors

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)", re.MULTILINE)


def classes(path: Path) -> list[tuple[str, list[str]]]:
    """Return the classes of a file that say that they are exceptions, with the names of their bases."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    named = [(node.name, [ast.unparse(base) for base in node.bases]) for node in found]
    return [one for one in named if any(base.endswith(("Error", "Exception")) for base in one[1])]


def test_the_docstring_shows_the_whole_tree() -> None:
    shown: dict[str, str] = {}
    parents = {-1: "AirliftError"}
    for match in SHOWN.finditer(errors.__doc__ or ""):
        depth = len(match["indent"]) // 4
        shown[match["name"]] = parents[depth - 1]
        parents[depth] = match["name"]
    defined = {
        name: one.__base__.__name__
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.AirliftError) and one is not errors.AirliftError
    }
    assert shown == defined


def foreign(path: Path) -> list[str]:
    """Return the public exceptions that a file adds beside the tree."""
    return [name for name, _bases in classes(path) if not name.startswith("_")]


@pytest.mark.parametrize("folder", ["plugins", "inference/agent"])
def test_no_other_file_defines_an_error(folder: str) -> None:
    files = [path for path in sorted((ROOT / folder).rglob("*.py")) if not path.is_symlink()]
    assert files
    added = {str(path.relative_to(ROOT)): foreign(path) for path in files if path.name != "errors.py"}
    assert {path: names for path, names in added.items() if names} == {}


def test_an_error_beside_the_tree_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("class LostError(Exception): ...\nclass _Own(ValueError): ...\nclass Fine: ...\n")
    assert foreign(path) == ["LostError"]
