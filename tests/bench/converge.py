"""`python -m tests.bench.converge`: what a converge of the running hosts costs, of one and of all.

Hosts that nobody has converged yet (`ansible-playbook playbooks/provision.yml` and no more) give the
figures of a first converge, too: of one host, and then of the others.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
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
    """Of Ansible alone."""
    machine_cpu_seconds: float
    """Of everything on this machine: the hosts are containers on it."""
    changed: int
    tasks: Sequence[tuple[str, float]]


def main() -> None:
    """Measure, print the tables, and with --write put them into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.converge", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2, choices=range(1, 6))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    one, many = [], []
    for _ in range(options.repetitions + 1):
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
    profiled = {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",
        "PROFILE_TASKS_TASK_OUTPUT_LIMIT": str(DEAREST),
    }
    before, busy = resource.getrusage(resource.RUSAGE_CHILDREN), machine_cpu_seconds()
    done = run(["playbooks/configure.yml", *arguments], profiled)
    after, busy = resource.getrusage(resource.RUSAGE_CHILDREN), machine_cpu_seconds() - busy
    hosts = [host for host in done.recap if host != "localhost"]
    if not hosts:
        raise SystemExit("No host runs that could be converged. Bring some up: make up.")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tasks = [(match["task"], float(match["seconds"])) for match in _TASK.finditer(done.output)]
    return Converged(len(hosts), done.seconds, cpu, busy, sum(done.recap.values()), tasks)


def machine_cpu_seconds() -> float:
    """Return the CPU time that this machine has spent since it started, whoever spent it (proc_stat(5))."""
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split()[1:11]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


ROWS: Mapping[str, Callable[[Converged], float]] = {
    "wall": lambda each: each.seconds,
    "wall, per host": lambda each: each.seconds / each.hosts,
    "Ansible's CPU, per host": lambda each: each.cpu_seconds / each.hosts,
    "Ansible's and the host's CPU, per host": lambda each: each.machine_cpu_seconds / each.hosts,
}


def table(one: Sequence[Converged], many: Sequence[Converged]) -> str:
    """Return the medians of the second converge, what there is of the first, and the dearest tasks."""
    lines = [
        f"Medians of {len(one) - 1} repetitions on {os.cpu_count()} cores, shared by Ansible and the hosts.",
        "",
        f"| second converge | {one[0].hosts} host | {many[0].hosts} hosts |",
        "|---|---|---|",
        *rows(one[1:], many[1:]),
    ]
    if one[0].changed:
        others = many[0].hosts - one[0].hosts
        lines += ["", f"| first converge | {one[0].hosts} host | {others} hosts, and that one again |"]
        lines += ["|---|---|---|", *rows(one[:1], many[:1]), "", *dearest("first", one[0])]
    return "\n".join([*lines, "", *dearest("second", many[-1])])


def rows(one: Sequence[Converged], many: Sequence[Converged]) -> Sequence[str]:
    """Return a row for each figure, with the medians of both sides."""
    found = []
    for name, read in ROWS.items():
        values = (median(read(each) for each in side) for side in (one, many))
        found.append(f"| {name} | " + " | ".join(f"{value:.1f} s" for value in values) + " |")
    changed = (max(each.changed for each in side) for side in (one, many))
    return [*found, "| changed | " + " | ".join(map(str, changed)) + " |"]


def dearest(which: str, done: Converged) -> Sequence[str]:
    """Return the tasks that cost most."""
    head = f"| dearest tasks, {which} converge, hosts: {done.hosts} | wall |"
    rows = (f"| {task.replace('|', chr(92) + '|')} | {seconds:.1f} s |" for task, seconds in done.tasks)
    return [head, "|---|---|", *rows]


def say(done: Converged) -> None:
    """Print what has just been measured."""
    cpu = f"{done.cpu_seconds:6.1f} s of CPU"
    print(f"bench: {done.hosts:2} hosts  {done.seconds:6.1f} s  {cpu}  changed={done.changed}", flush=True)


if __name__ == "__main__":
    main()
