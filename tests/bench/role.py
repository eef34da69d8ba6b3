"""`python -m tests.bench.role`: a second converge of our roles beside the same roles with stock modules.

Both sides converge the same container in turns, and neither may change what the other left: what they make is
the same, and a machine that grows busy favours nobody. `--beside PATH` measures docker_engine beside another
role that installs Debian's Docker, a fresh container each. What is timed is `ansible-playbook`, start
included, over one host.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import report
from tests.bench.cloud import ROOT
from tests.bench.measure import run

ROLES = ("docker_engine", "host_baseline")
STEPS = ("Install", "Configure", "Service")
STOCK = ROOT / "tests/bench/stock_roles"
HOST, SHARED = "airlift-bench-role", ROOT / "molecule/shared"
PLATFORM = {"name": HOST, "image": "localcloud/debian-13", "volumes": ["/var/lib/docker"]}
MOLECULE = {"molecule_yml": {"scenario": {"name": "bench"}, "platforms": [PLATFORM]}}
"""What the playbooks that make and remove the containers of Molecule's scenarios ask for."""
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
CONNECTION = {
    "ansible_connection": "community.docker.docker",
    "ansible_python_interpreter": "/usr/bin/python3",
}
_STEP = re.compile(rf"^(?:\S+ : )?(?P<step>{'|'.join(STEPS)}) \| .* -+ (?P<seconds>[\d.]+)s$", re.M)


@dataclass(frozen=True)
class Converged:
    """One converge: its wall time, and that of the tasks of each step."""

    seconds: float
    changed: int
    steps: Mapping[str, float]


def main() -> None:
    """Measure, print the table, and with --write put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.role", description=__doc__)
    parser.add_argument("--beside", type=Path, help="a checkout of geerlingguy.docker")
    parser.add_argument(
        "--repetitions", type=int, default=3, choices=range(1, 10), help="of second converges"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if options.beside is None:
        text = stock_table({role: beside_stock(role, options.repetitions) for role in ROLES})
    elif (options.beside / "tasks/main.yml").is_file():
        text = beside_table(beside_role(options.beside.resolve(), options.repetitions))
    else:
        parser.error(f"{options.beside} is no role: it has no tasks/main.yml. Clone one there.")
    print(f"\n{text}")
    if options.write:
        mark = "bench.role" if options.beside is None else "bench.role --beside"
        report.write(ROOT / "docs/benchmarks.md", mark, text)


def beside_stock(role: str, repetitions: int) -> Mapping[str, Sequence[Converged]]:
    """Converge a container once, and then again and again, with our role and with stock modules in turns."""
    with container() as inventory, tempfile.TemporaryDirectory(dir=ROOT / ".airlift") as directory:
        ours = Path(directory) / "ours.yml"
        ours.write_text(json.dumps([play_of(role)]))
        sides = {"airlift": ours, "stock": STOCK / f"{role}.yml"}
        converge(f"{role} (first)", ["-i", str(inventory), str(ours)])
        measured: dict[str, list[Converged]] = {side: [] for side in sides}
        for repetition in range(repetitions):
            for side in list(sides)[:: 1 if repetition % 2 == 0 else -1]:
                done = converge(f"{role} ({side})", ["-i", str(inventory), str(sides[side])])
                if done.changed:
                    raise SystemExit(
                        f"Failed to compare {role}: {side} changed what the other side left. "
                        f"Have {STOCK / role}.yml make what the role makes."
                    )
                measured[side].append(done)
    return measured


def beside_role(theirs: Path, repetitions: int) -> Mapping[str, Sequence[Converged]]:
    """Converge a fresh container with each role, and then again and again."""
    plays = {
        "airlift.stack.docker_engine": play_of("docker_engine"),
        theirs.name: {**THEIRS, "roles": [str(theirs)]},
    }
    measured = {}
    for name, play in plays.items():
        with container() as inventory:
            playbook = inventory.with_name("play.yml")
            playbook.write_text(json.dumps([play]))
            # Variables that a role includes would win over the play's.
            arguments = ["-i", str(inventory), str(playbook), "-e", json.dumps(play.get("vars", {}))]
            measured[name] = [converge(name, arguments) for _ in range(repetitions + 1)]
    return measured


def play_of(role: str) -> Mapping[str, object]:
    """Return a play with nothing but our role, by its defaults."""
    return {"hosts": "all", "gather_facts": False, "roles": [f"airlift.stack.{role}"]}


@contextmanager
def container() -> Iterator[Path]:
    """Give an inventory with a fresh container, such as Molecule's scenarios have."""
    (ROOT / ".airlift").mkdir(exist_ok=True)
    run([str(SHARED / "destroy.yml"), "-e", json.dumps(MOLECULE)])
    run([str(SHARED / "create.yml"), "-e", json.dumps(MOLECULE)])
    try:
        # Both sides begin with an index: how fast a mirror answers is not what is compared.
        subprocess.run(["docker", "exec", HOST, "apt-get", "-qq", "update"], check=True)
        with tempfile.TemporaryDirectory(dir=ROOT / ".airlift") as directory:
            inventory = Path(directory) / "hosts.yml"
            inventory.write_text(json.dumps({"all": {"hosts": {HOST: CONNECTION}}}))
            yield inventory
    finally:
        run([str(SHARED / "destroy.yml"), "-e", json.dumps(MOLECULE)])


def converge(name: str, arguments: Sequence[str]) -> Converged:
    """Converge once, and say what it cost. A run that fails ends the benchmark, in its own words."""
    profiled = {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",
        "PROFILE_TASKS_TASK_OUTPUT_LIMIT": "all",
    }
    done = run(arguments, profiled)
    steps = dict.fromkeys(STEPS, 0.0)
    for match in _STEP.finditer(done.output):
        steps[match["step"]] += float(match["seconds"])
    changed = sum(done.recap.values())
    print(f"bench: {name:<28} {done.seconds:6.1f} s  changed={changed}", flush=True)
    return Converged(done.seconds, changed, steps)


def stock_table(measured: Mapping[str, Mapping[str, Sequence[Converged]]]) -> str:
    """Return the medians of each role's second converge on both sides, whole and by step."""
    lines = ["| second converge | ours | stock modules | ratio |", "|---|---|---|---|"]
    for role, sides in measured.items():
        ours, stock = sides["airlift"], sides["stock"]
        lines.append(row(role, [one.seconds for one in ours], [one.seconds for one in stock]))
        for step in STEPS:
            mine, theirs = ([one.steps[step] for one in side] for side in (ours, stock))
            if median(theirs):
                lines.append(row(f"{role}, {step.lower()}", mine, theirs))
    return "\n".join(lines)


def beside_table(measured: Mapping[str, Sequence[Converged]]) -> str:
    """Return both roles and the ratio between them."""
    ours, theirs = ([one.seconds for one in side] for side in measured.values())
    lines = ["| | " + " | ".join(measured) + " | ratio |", "|---|---|---|---|"]
    return "\n".join(
        [*lines, row("first converge", ours[:1], theirs[:1]), row("second converge", ours[1:], theirs[1:])]
    )


def row(name: str, ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the medians of both sides and how many times as long theirs takes."""
    one, other = median(ours), median(theirs)
    return f"| {name} | {one:.1f} s | {other:.1f} s | {other / one:.1f} |"


if __name__ == "__main__":
    main()
