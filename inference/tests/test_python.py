"""The agent runs on Debian 12's Python, which is older than the one that runs these tests."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[1] / "agent"
MODULES = sorted(
    path
    for folder in ("airlift_agent", "airlift_agent/aws", "airlift_agent/delivery")
    for path in (AGENT / folder).glob("*.py")
)


def test_it_says_so_where_tools_look() -> None:
    assert tomllib.loads((AGENT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_has_newer_grammar(path: Path) -> None:
    ast.parse(path.read_text(), filename=str(path), feature_version=(3, 11))


def test_newer_grammar_would_be_seen() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("type Names = list[str]", feature_version=(3, 11))
