"""What runs on hosts runs on Debian 12's Python, which is older than the one that runs these tests."""

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
PLUGINS = Path(__file__).parents[2] / "plugins"
ON_HOSTS = ("cli_files", "config_files", "endpoint_model", "systemd_units", "llm_key", "llm_model")
"""The modules of the collection that roles run on hosts."""


def carried(path: Path) -> set[Path]:
    """Return a module, and the files of module_utils that Ansible sends to the host with it."""
    found, waiting = set(), [path]
    while waiting:
        one = waiting.pop()
        if one in found or not one.exists():
            continue
        found.add(one)
        for node in ast.walk(ast.parse(one.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            if node.level:
                base = one.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            elif (node.module or "").startswith("ansible_collections.airlift.stack.plugins."):
                base = PLUGINS.joinpath(*(node.module or "").split(".")[4:])
            else:
                continue
            waiting += [base.with_suffix(".py"), *(base / f"{name.name}.py" for name in node.names)]
    return found


SENT = sorted({file for name in ON_HOSTS for file in carried(PLUGINS / "modules" / f"{name}.py")})


def test_it_says_so_where_tools_look() -> None:
    assert tomllib.loads((AGENT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11"


def test_what_modules_carry_is_found() -> None:
    names = {path.name for path in SENT}
    assert {"config_files.py", "module_main.py", "errors.py", "merged_text.py", "llm_config.py"} <= names


GUARD = sorted((PLUGINS.parent / "roles/nvidia_driver/files/gpu_guard").glob("*.py"))


def newer(source: str) -> list[str]:
    """Return what Python 3.11 does not read: newer statements, and an f-string with its own quotes inside."""
    try:
        tree = ast.parse(source, feature_version=(3, 11))
    except SyntaxError as error:
        return [str(error)]
    return [
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and (text := ast.get_source_segment(source, node))
        if (quote := text.lstrip("fFrR")[:1]) and not text.lstrip("fFrR").startswith(quote * 3)
        if any(
            (inner := ast.get_source_segment(source, part)) and quote in inner
            for value in node.values
            if isinstance(value, ast.FormattedValue)
            for part in [value.value]
        )
    ]


@pytest.mark.parametrize(
    "path", [*MODULES, *SENT, *GUARD], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_no_module_has_newer_grammar(path: Path) -> None:
    assert newer(path.read_text()) == []


@pytest.mark.parametrize("source", ["type Names = list[str]", 'f"{names["a"]}"'])
def test_newer_grammar_would_be_seen(source: str) -> None:
    assert newer(source) != []
