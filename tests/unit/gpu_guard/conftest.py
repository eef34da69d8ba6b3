"""A fake host, and the guard that looks at it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.gpu_guard.trees import Tree

# Where the role installs it, the package stands alone: it is imported by its own name.
sys.path.insert(0, str(Path(__file__).parents[3] / "roles/nvidia_driver/files"))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A healthy host with two GPUs; its programs are all there is."""
    tree = Tree(tmp_path)
    monkeypatch.setenv("PATH", f"{tree.bin}:/usr/bin:/bin")
    return tree
