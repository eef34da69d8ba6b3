"""A playbook runs from wherever its owner stands; scripts/setup has seen to that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/status.yml"])
def test_a_playbook_is_found_with_its_inventory_and_its_roles(tmp_path: Path, playbook: str) -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", ROOT / playbook, "--list-tasks", "--list-hosts"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert "localhost" in result.stdout
    assert "WARNING" not in result.stderr
