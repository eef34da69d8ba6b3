"""What .importlinter cannot say (what the pure layers may import at all), and that it sees what it should."""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PURE = ("reconcile", "blueprint", "cost")
SHARED = ("certificate_traits", "errors", "image_tags", "option_schema", "pem")
"""What every layer may use: the tree of errors, how options are declared, and what is in a certificate."""

COLLECTION = "ansible_collections/airlift/stack/plugins"
PLANTED = {
    "plugins": (f"{COLLECTION}/plugin_utils/in_process_action.py", "from ..modules import release"),
    "stack": (f"{COLLECTION}/module_utils/resources/subnet.py", "from ..blueprint import network"),
    "delivery": (f"{COLLECTION}/module_utils/delivery/manifest.py", "from ..models import local"),
    "apart": (f"{COLLECTION}/module_utils/endpoint/client.py", "from ..models import local"),
    "pure": (f"{COLLECTION}/module_utils/reconcile/diff.py", "import socket"),
    "modules": (f"{COLLECTION}/modules/release.py", "import boto3"),
    "embedded-aws": (
        "localcloud/app.py",
        "from ansible_collections.airlift.stack.plugins.module_utils import pem",
    ),
    "embedded-aws-layers": ("localcloud/ec2/machine.py", "from localcloud.balancer import words"),
    "models": (f"{COLLECTION}/module_utils/models/source.py", "from . import registry"),
    "agent": ("airlift_agent/state.py", "from . import plan"),
    "agent-alone": ("airlift_agent/proxy.py", "import localcloud"),
}
"""One line against each contract, by the contract's name."""


def imports(path: Path) -> Iterator[str]:
    """Yield each imported module, relative ones as a path below module_utils."""
    package = path.relative_to(UTILS).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            modules = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ("/".join((*base, *module.split("."))) for module in modules)
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


@pytest.mark.parametrize(
    "source",
    [
        "import boto3",
        "from botocore.session import Session",
        "from ..aws.session import x",
        "from .. import aws",
    ],
)
def test_this_test_sees_what_it_looks_for(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = tmp_path / "reconcile"
    layer.mkdir()
    (layer / "bad.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "UTILS", tmp_path)
    assert [one for one in imports(layer / "bad.py") if not is_pure(one)]


def test_every_contract_is_broken_by_a_line_against_it(tmp_path: Path) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    names = {
        section.removeprefix("importlinter:contract:"): contracts[section]["name"]
        for section in contracts.sections()
        if section.startswith("importlinter:contract:")
    }
    assert names.keys() == PLANTED.keys()
    for source, target in (
        ("plugins", COLLECTION),
        ("localcloud", "localcloud"),
        ("inference/agent/airlift_agent", "airlift_agent"),
    ):
        shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for file, line in PLANTED.values():
        path = tmp_path / file
        path.write_text(f"{path.read_text()}\n{line}\n")
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert {name for name, words in names.items() if f"{words} BROKEN" not in linted.stdout} == set(), (
        linted.stdout + linted.stderr
    )
    assert linted.returncode != 0
