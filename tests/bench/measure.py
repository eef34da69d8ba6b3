"""One run of a playbook: its wall time, the requests it made, what it says it changed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cloud import ROOT, Cloud

TIMEOUT_SECONDS = 900
_RECAP = re.compile(r"^localhost\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """What one run cost."""

    seconds: float
    requests: int
    changed: int


def playbook(cloud: Cloud, path: Path, arguments: Sequence[str]) -> Measured:
    """Run a playbook against ``cloud``. A run that fails ends the benchmark, in its own words."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(path), *arguments]
    cloud.requests()
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(cloud),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    seconds = time.monotonic() - began
    recap = _RECAP.search(done.stdout)
    if done.returncode != 0 or recap is None:
        raise SystemExit(f"{path} failed ({done.returncode}):\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return Measured(seconds, cloud.requests(), int(recap["changed"]))


def environment(cloud: Cloud) -> Mapping[str, str]:
    """Return this environment, pointed at ``cloud`` and at nothing of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # What the embedded AWS does not have is not asked for six times.
        "AWS_MAX_ATTEMPTS": "1",
    }
    return kept | ours
