"""`python -m tests.bench.converge`: what a second converge of the running hosts costs, of one and of all.

The hosts are those of `make up`, or of any number: `ansible-playbook site.yml -e '{"airlift_compute": …}'`.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import report
from tests.bench.cloud import ROOT
from tests.bench.measure import run

DEAREST = 8
_TASK = re.compile(r"^(?P<task>\S.*\S) -+ (?P<seconds>[\d.]+)s$", re.M)


@dataclass(frozen=True)
class Converged:
    """One run of playbooks/configure.yml."""

    hosts: int
    seconds: float
    cpu_seconds: float
    """Of Ansible on this machine; what the hosts themselves compute is not in it."""
    changed: int
    tasks: Sequence[tuple[str, float]]


def main() -> None:
    """Measure, print the tables, and with --write put them into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.converge", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2, choices=range(1, 6))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    everybody = converge([])
    say(everybody)
    one, many = [], []
    for _ in range(options.repetitions):
        one.append(converge(["--limit", "localhost,airlift_hosts[0]"]))
        say(one[-1])
        many.append(converge([]))
        say(many[-1])
    text = table(one, many)
    print(f"\n{text}")
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "bench.converge", text)


def converge(arguments: Sequence[str]) -> Converged:
    """Converge once. A run that fails ends the benchmark, in its own words."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "playbooks/configure.yml", *arguments]
    profiled = {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",
        "PROFILE_TASKS_TASK_OUTPUT_LIMIT": str(DEAREST),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(command, profiled)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hosts = [host for host in done.recap if host != "localhost"]
    if not hosts:
        raise SystemExit("No host runs that could be converged. Bring some up: make up.")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tasks = [(match["task"], float(match["seconds"])) for match in _TASK.finditer(done.output)]
    return Converged(len(hosts), done.seconds, cpu, sum(done.recap.values()), tasks)


def table(one: Sequence[Converged], many: Sequence[Converged]) -> str:
    """Return both sides' medians, and the tasks that cost most of the last run over all hosts."""
    lines = [
        f"Medians of {len(one)} repetitions on {os.cpu_count()} cores, which the hosts share with Ansible.",
        "",
        f"| second converge | {one[0].hosts} host | {many[0].hosts} hosts |",
        "|---|---|---|",
    ]
    rows: Mapping[str, Callable[[Converged], float]] = {
        "wall": lambda each: each.seconds,
        "wall, per host": lambda each: each.seconds / each.hosts,
        "Ansible's CPU": lambda each: each.cpu_seconds,
        "Ansible's CPU, per host": lambda each: each.cpu_seconds / each.hosts,
    }
    for name, read in rows.items():
        values = (median(read(each) for each in side) for side in (one, many))
        lines.append(f"| {name} | " + " | ".join(f"{value:.1f} s" for value in values) + " |")
    changed = (max(each.changed for each in side) for side in (one, many))
    lines.append("| changed | " + " | ".join(map(str, changed)) + " |")
    lines += ["", f"| dearest tasks, {many[-1].hosts} hosts | wall |", "|---|---|"]
    lines += [f"| {task} | {seconds:.1f} s |" for task, seconds in many[-1].tasks]
    return "\n".join(lines)


def say(done: Converged) -> None:
    """Print what has just been measured."""
    cpu = f"{done.cpu_seconds:6.1f} s of CPU"
    print(f"bench: {done.hosts:2} hosts  {done.seconds:6.1f} s  {cpu}  changed={done.changed}", flush=True)


if __name__ == "__main__":
    main()
