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

TIMEOUT_SECONDS = 1800
_RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=0\s+failed=0", re.MULTILINE
)


@dataclass(frozen=True)
class Measured:
    """What one run cost."""

    seconds: float
    requests: int
    changed: int


@dataclass(frozen=True)
class Done:
    """One run of ansible-playbook."""

    seconds: float
    output: str
    recap: Mapping[str, int]
    """What changed, by host."""


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Done:
    """Run ansible-playbook. A run that fails ends the benchmark, in its own words."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={
            **(os.environ if environment is None else environment),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    seconds = time.monotonic() - began
    recap = {match["host"]: int(match["changed"]) for match in _RECAP.finditer(done.stdout)}
    if done.returncode != 0 or not recap:
        said = f"{done.stdout[-4000:]}{done.stderr[-2000:]}"
        raise SystemExit(f"{' '.join(command)} failed ({done.returncode}):\n{said}")
    return Done(seconds, done.stdout, recap)


def playbook(cloud: Cloud, path: Path, arguments: Sequence[str]) -> Measured:
    """Run a playbook against ``cloud``."""
    cloud.requests()
    done = run([str(path), *arguments], environment(cloud))
    return Measured(done.seconds, cloud.requests(), done.recap["localhost"])


def environment(cloud: Cloud) -> Mapping[str, str]:
    """Return this environment, pointed at ``cloud`` and at nothing of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # What the embedded AWS does not have is not asked for six times.
        "AWS_MAX_ATTEMPTS": "1",
    }
    return kept | ours
