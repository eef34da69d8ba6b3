"""What scripts/setup says where it cannot do its work: in a copy, with programs of ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = "bash cat cut dirname env grep mktemp rm sed seq sha256sum sleep tail uname"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is current, and a PATH that has neither Docker nor a registry."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".venv/airlift-lock").write_text(hashlib.sha256(b"").hexdigest())
    (tmp_path / "bin").mkdir()
    for tool in TOOLS.split():
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    program(tmp_path, "id", "echo 0")  # or the real sudo would find the real apt-get
    return tmp_path


def setup(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": str(checkout / "bin"), "HOME": str(checkout), "TMPDIR": str(checkout), **environment}
    return subprocess.run(
        [checkout / "scripts/setup"], env=given, capture_output=True, text=True, check=False, timeout=60
    )


def program(checkout: Path, name: str, text: str) -> None:
    file = checkout / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_what_apt_cannot_install_is_said_in_its_own_words(checkout: Path) -> None:
    program(checkout, "apt-get", "echo 'E: Unable to locate package docker.io'; exit 100")
    done = setup(checkout)
    assert done.returncode == 1
    assert "E: Unable to locate package docker.io" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("airlift: apt could not install ")
    assert "docker.io" in last
    assert "docker-registry" in last


def test_another_system_is_told_what_to_install(checkout: Path) -> None:
    done = setup(checkout)
    assert done.returncode == 1
    assert "docker.io is missing and this is not a Debian or Ubuntu system." in done.stderr


def test_a_python_that_does_not_work_is_named(checkout: Path) -> None:
    (checkout / ".venv/airlift-lock").unlink()
    done = setup(checkout, AIRLIFT_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "AIRLIFT_PYTHON=/bin/false is not a working Python 3.12 or newer." in done.stderr


def test_without_root_and_sudo_nothing_is_begun(checkout: Path) -> None:
    program(checkout, "id", "echo 1000")
    done = setup(checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the set-up needs root and there is no sudo." in done.stderr
