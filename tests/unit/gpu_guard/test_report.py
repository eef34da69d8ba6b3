"""The verdict: one line, the figures, the exit code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from gpu_guard import report
from gpu_guard.__main__ import EPILOG, main
from gpu_guard.checks import CODES, findings
from gpu_guard.facts import Facts

from tests.unit.gpu_guard.trees import DRIVER, OTHER, Tree

ROLE = Path(__file__).parents[3] / "roles/nvidia_driver"
BROKEN = Facts(gpus=("a",), module=DRIVER, libraries=frozenset({OTHER}), toolkit="1.17.8")


def test_no_gpu_is_well_and_says_so() -> None:
    assert report.exit_code(findings(Facts())) == 0
    assert json.loads(report.line(Facts(), []))["status"] == "no_gpu"


def test_the_line_is_one_line_and_holds_everything() -> None:
    found = findings(BROKEN)
    line = report.line(BROKEN, found)
    verdict = json.loads(line)
    assert "\n" not in line
    assert verdict["exit_code"] == CODES["library_mismatch"]
    assert verdict["reboot_needed"] is True
    assert [one["kind"] for one in verdict["findings"]] == ["library_mismatch", "cdi_missing"]
    assert (verdict["module"], verdict["libraries"]) == (DRIVER, [OTHER])


def test_figures_have_every_kind() -> None:
    text = report.metrics(BROKEN, findings(BROKEN), 1700000000)
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert figures["airlift_gpu_guard_exit_code"] == str(CODES["library_mismatch"])
    assert figures["airlift_gpu_guard_gpus"] == "1"
    assert figures["airlift_gpu_guard_last_run_timestamp_seconds"] == "1700000000"
    shown = {kind: figures[f'airlift_gpu_guard_finding{{kind="{kind}"}}'] for kind in CODES}
    assert {kind for kind, value in shown.items() if value == "1"} == {"library_mismatch", "cdi_missing"}


def test_the_command_writes_both_and_exits_with_the_code(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.program("nvidia-smi", DRIVER)
    file = tmp_path / "state/gpu_guard.prom"
    code = main(["--kernel-root", str(tree.root), "--root", str(tree.root), "--metrics", str(file)])
    verdict = json.loads(capsys.readouterr().out)
    assert code == verdict["exit_code"] == CODES["gpu_missing"]
    assert f"airlift_gpu_guard_exit_code {code}\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_what_cannot_be_written_is_one_line_and_exit_code_1(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert (
        main(
            ["--kernel-root", str(tree.root), "--root", str(tree.root), "--metrics", str(tmp_path / "file/x")]
        )
        == 1
    )
    assert json.loads(capsys.readouterr().out)["status"] == "failed"


def test_the_readme_and_the_help_document_every_exit_code() -> None:
    readme = (ROLE / "README.md").read_text()
    for kind, code in CODES.items():
        assert f"| {code} | `{kind}` |" in readme
        assert f"{code} {kind}" in EPILOG


def test_the_program_runs_by_itself(tree: Tree) -> None:
    files = ROLE / "files"
    ran = subprocess.run(
        ["python3", "-P", "-B", "-m", "gpu_guard", "--kernel-root", str(tree.root / "nothing")],
        env={**os.environ, "PYTHONPATH": str(files)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (0, "no_gpu")
