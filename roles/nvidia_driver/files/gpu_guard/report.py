"""The verdict, as one line of JSON and as figures for Prometheus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gpu_guard.checks import CODES, NEED_REBOOT, Finding
from gpu_guard.facts import Facts


def exit_code(found: Sequence[Finding]) -> int:
    """Return the code of the most urgent finding; 0 where there is none."""
    return min((finding.code for finding in found), default=0)


def line(facts: Facts, found: Sequence[Finding]) -> str:
    """Return the verdict on one line, for the journal."""
    status = "no_gpu" if not facts.gpus else "broken" if found else "ok"
    verdict = {
        "status": status,
        "exit_code": exit_code(found),
        "reboot_needed": any(finding.kind in NEED_REBOOT for finding in found),
        "gpus": len(facts.gpus),
        "module": facts.module,
        "libraries": sorted(facts.libraries),
        "toolkit": facts.toolkit,
        "findings": [
            {
                "code": finding.code,
                "kind": finding.kind,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in found
        ],
    }
    return json.dumps(verdict)


def metrics(facts: Facts, found: Sequence[Finding], now_seconds: int) -> str:
    """Return the verdict in Prometheus' text format. Each kind of finding has a figure."""
    kinds = {finding.kind for finding in found}
    versions = {
        "module": facts.module or "",
        "library": ",".join(sorted(facts.libraries)),
        "toolkit": facts.toolkit or "",
    }
    labels = ",".join(f'{name}="{value}"' for name, value in versions.items())
    lines = [
        *_gauge("exit_code", "The exit code of the last check; 0 is well."),
        f"airlift_gpu_guard_exit_code {exit_code(found)}",
        *_gauge("gpus", "NVIDIA GPUs on the PCI bus."),
        f"airlift_gpu_guard_gpus {len(facts.gpus)}",
        *_gauge("info", "The versions that were found."),
        f"airlift_gpu_guard_info{{{labels}}} 1",
        *_gauge("last_run_timestamp_seconds", "When this was found."),
        f"airlift_gpu_guard_last_run_timestamp_seconds {now_seconds}",
        *_gauge("finding", "Whether this is wrong."),
        *(f'airlift_gpu_guard_finding{{kind="{kind}"}} {int(kind in kinds)}' for kind in CODES),
    ]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Replace a file at once, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o644)
    fresh.replace(path)


def _gauge(name: str, explanation: str) -> list[str]:
    return [f"# HELP airlift_gpu_guard_{name} {explanation}", f"# TYPE airlift_gpu_guard_{name} gauge"]
