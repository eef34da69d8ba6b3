"""The lookup that packs a Python package into one program."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.airlift.stack.plugins.lookup.zipapp import archive, packed

ROOT = Path(__file__).parents[2]
AGENT, GUARD = ROOT / "inference/agent/airlift_agent", ROOT / "roles/nvidia_driver/files/gpu_guard"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a subpackage behind a symbolic link, and what does not belong into a program."""
    package = tmp_path / "checkout/program"
    shared = tmp_path / "elsewhere/shared"
    for folder in (package, shared, package / "__pycache__"):
        folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import sys\nfrom .shared.words import GREETING\n\n\n"
        "def main():\n    print(GREETING, *sys.argv[1:])\n    return 3\n"
    )
    (shared / "__init__.py").touch()
    (shared / "words.py").write_text("GREETING = 'hello'\n")
    (package / "shared").symlink_to("../../elsewhere/shared")
    (package / "__pycache__/left.pyc").write_bytes(b"x")
    (package / "notes.txt").write_text("x")
    return package


def names(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_it_holds_the_sources_behind_links_and_nothing_else(package: Path) -> None:
    assert names(archive(package, "/usr/bin/python3")) == [
        "__main__.py",
        "program/__init__.py",
        "program/__main__.py",
        "program/shared/__init__.py",
        "program/shared/words.py",
    ]


def test_it_runs_and_its_exit_code_is_the_programs(package: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.pyz"
    program.write_bytes(archive(package, f"{sys.executable} -IB"))
    program.chmod(0o755)
    ran = subprocess.run([str(program), "you"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "hello you\n", "")


def test_the_same_sources_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    first = archive(package, "/usr/bin/python3")
    other = tmp_path / "copy/program"
    subprocess.run(["cp", "-rL", str(package.parent), str(other.parent)], check=True)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(stat.S_IRWXU)
    assert archive(other, "/usr/bin/python3") == first
    (other / "shared/words.py").write_text("GREETING = 'bye'\n")
    assert archive(other, "/usr/bin/python3") != first


def test_it_is_written_once_for_a_run(package: Path, tmp_path: Path) -> None:
    path = packed(package, "/usr/bin/python3 -IB", tmp_path)
    assert path.read_bytes() == archive(package, "/usr/bin/python3 -IB")
    before = path.stat().st_mtime_ns
    assert packed(package, "/usr/bin/python3 -IB", tmp_path) == path
    assert path.stat().st_mtime_ns == before
    assert list(tmp_path.glob("*.pyz")) == [path]


def test_a_program_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        AnsibleLookupError, match=r"Failed to pack the program none: .* Run from a complete checkout"
    ):
        packed(tmp_path / "none", "/usr/bin/python3", tmp_path)


@pytest.mark.parametrize(("package", "word"), [(AGENT, "airlift-release"), (GUARD, "airlift-gpu-guard")])
def test_our_programs_run_from_their_archive_alone(package: Path, word: str, tmp_path: Path) -> None:
    program = tmp_path / word
    program.write_bytes(archive(package, sys.executable))
    ran = subprocess.run(
        [sys.executable, "-IB", str(program), "--help"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"usage: {word}")


@pytest.mark.parametrize("module", ["airlift_agent.interruption", "airlift_agent.trace_sender"])
def test_what_the_units_start_is_in_the_agents_archive(module: str, tmp_path: Path) -> None:
    program = tmp_path / "airlift-release"
    program.write_bytes(archive(AGENT, sys.executable))
    ran = subprocess.run(
        [sys.executable, "-P", "-B", "-c", f"import {module}; print({module}.__file__)"],
        env={**os.environ, "PYTHONPATH": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == f"{program}/{module.replace('.', '/')}.py", ran.stderr
