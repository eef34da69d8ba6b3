"""Deciding is apart from doing: reconcile, blueprint and cost are pure; kinds do not know the execution."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PURE = ("reconcile", "blueprint", "cost")
SHARED = ("errors", "option_schema")
"""The tree of errors, which every layer raises from, and how options are declared: pure themselves."""


def imports(path: Path) -> Iterator[str]:
    """Yield each imported module, relative ones as a path below module_utils."""
    package = path.relative_to(UTILS).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield "/".join((*base, *(node.module or "").split("."))).rstrip("/")
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def is_pure(module: str) -> bool:
    return (
        module.split("/", maxsplit=1)[0] in (*PURE, *SHARED)
        or module.split(".", maxsplit=1)[0] in sys.stdlib_module_names
    )


@pytest.mark.parametrize("layer", [*PURE, "option_schema"])
def test_pure_layers_import_nothing_that_acts(layer: str) -> None:
    files = sorted((UTILS / layer).rglob("*.py"))
    assert files
    foreign = {
        str(path.relative_to(UTILS)): [one for one in imports(path) if not is_pure(one)] for path in files
    }
    assert {path: found for path, found in foreign.items() if found} == {}


@pytest.mark.parametrize("layer", [*PURE, "option_schema"])
@pytest.mark.parametrize("module", ["os", "socket", "subprocess", "time", "random", "urllib", "http"])
def test_pure_layers_ask_nobody(layer: str, module: str) -> None:
    for path in (UTILS / layer).rglob("*.py"):
        assert module not in {one.split(".")[0] for one in imports(path)}, path


def test_kinds_do_not_know_how_plans_are_carried_out() -> None:
    for path in (UTILS / "resources").glob("*.py"):
        assert not [one for one in imports(path) if one.startswith("execution")], path


@pytest.mark.parametrize(
    "source", ["import boto3", "from botocore.session import Session", "from ..aws import x"]
)
def test_this_test_sees_what_it_looks_for(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = tmp_path / "reconcile"
    layer.mkdir()
    (layer / "bad.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "UTILS", tmp_path)
    assert [one for one in imports(layer / "bad.py") if not is_pure(one)]
