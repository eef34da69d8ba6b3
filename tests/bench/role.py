"""`python -m tests.bench.role --beside PATH`: docker_engine beside another role, in a fresh container each.

Both install Debian's packages. What is timed is `ansible-playbook`, start included, over one host: a first
converge, and the median of those after it. The containers are those of the role's Molecule scenario.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench import report
from tests.bench.cloud import ROOT
from tests.bench.measure import run

SCENARIO, HOST = "docker_engine", "airlift-molecule-docker_engine-13"
OURS: Mapping[str, object] = {
    "hosts": "all",
    "gather_facts": False,
    "roles": ["airlift.stack.docker_engine"],
}
# geerlingguy.docker, told to take Debian's packages as ours does: Docker's own repository is not asked.
THEIRS: Mapping[str, object] = {
    "hosts": "all",
    "vars": {
        "docker_add_repo": False,
        "docker_packages": ["docker.io", "docker-cli", "iptables"],
        "docker_obsolete_packages": [],
        "docker_install_compose_plugin": False,
        "docker_daemon_options": {"live-restore": True, "no-new-privileges": True, "log-driver": "json-file"},
    },
}


def main() -> None:
    """Measure, print the table, and with --write put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.role", description=__doc__)
    parser.add_argument("--beside", type=Path, required=True, help="a checkout of geerlingguy.docker")
    parser.add_argument(
        "--repetitions", type=int, default=3, choices=range(1, 10), help="of the second converge"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if not (options.beside / "tasks/main.yml").is_file():
        parser.error(f"{options.beside} is no role: it has no tasks/main.yml. Clone one there.")
    theirs = {**THEIRS, "roles": [str(options.beside.resolve())]}
    sides = {"airlift.stack.docker_engine": OURS, options.beside.resolve().name: theirs}
    measured = {name: converge(name, play, options.repetitions) for name, play in sides.items()}
    text = table(measured)
    print(f"\n{text}")
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "bench.role", text)


def converge(name: str, play: Mapping[str, object], repetitions: int) -> list[float]:
    """Return the seconds of a first converge in a fresh container, and of those after it."""
    molecule("destroy")
    molecule("create")
    # Both begin with an index: how fast a mirror answers is not what is compared.
    subprocess.run(["docker", "exec", HOST, "apt-get", "-qq", "update"], check=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".airlift") as directory:
        inventory, playbook = Path(directory) / "hosts.yml", Path(directory) / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {HOST: CONNECTION}}}))
        playbook.write_text(json.dumps([play]))
        # Variables that a role includes would win over the play's.
        arguments = ["-i", str(inventory), str(playbook), "-e", json.dumps(play.get("vars", {}))]
        seconds = []
        for turn in range(repetitions + 1):
            done = run(arguments)
            changed = done.recap[HOST]
            print(f"bench: {name}  {turn + 1}. {done.seconds:6.1f} s  changed={changed}", flush=True)
            seconds.append(done.seconds)
    molecule("destroy")
    return seconds


CONNECTION = {
    "ansible_connection": "community.docker.docker",
    "ansible_python_interpreter": "/usr/bin/python3",
}


def molecule(verb: str) -> None:
    """Make or remove the scenario's containers."""
    command = [str(Path(sys.executable).parent / "molecule"), verb, "--scenario-name", SCENARIO]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def table(measured: Mapping[str, Sequence[float]]) -> str:
    """Return both sides and the ratio between them."""
    ours, theirs = measured.values()
    lines = ["| | " + " | ".join(measured) + " | ratio |", "|---|---|---|---|"]
    for name, one, other in (
        ("first converge", ours[0], theirs[0]),
        ("second converge", median(ours[1:]), median(theirs[1:])),
    ):
        lines.append(f"| {name} | {one:.1f} s | {other:.1f} s | {other / one:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
