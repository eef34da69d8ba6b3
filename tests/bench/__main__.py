"""`python -m tests.bench`: airlift.stack.aws_stack beside stock modules, in an empty account and once more.

Each side gets an account of its own per repetition. The order alternates, so that a machine that grows busy
favours nobody.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence

from tests.bench import report
from tests.bench.cloud import ROOT, empty_cloud
from tests.bench.measure import Measured, playbook

SIDES = {"airlift": ROOT / "playbooks/provision.yml", "stock": ROOT / "tests/bench/stock.yml"}


def main() -> None:
    """Measure, print the table, and with --write put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2, choices=range(1, 6))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="airlift-bench-") as state:
        arguments = ["-e", json.dumps({"airlift_state_directory": state, "airlift_embedded_aws": False})]
        with empty_cloud() as cloud:
            say("making a key and a certificate")
            playbook(cloud, ROOT / "tests/bench/prepare.yml", arguments)
        measured: dict[str, list[tuple[Measured, Measured]]] = {side: [] for side in SIDES}
        for repetition in range(options.repetitions):
            for side in list(SIDES)[:: 1 if repetition % 2 == 0 else -1]:
                measured[side].append(twice(side, repetition, arguments))
    table = report.table(measured["airlift"], measured["stock"])
    print(f"\n{table}")
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "make bench", table)


def twice(side: str, repetition: int, arguments: Sequence[str]) -> tuple[Measured, Measured]:
    """Provision an empty account, and once more with nothing to change."""
    with empty_cloud() as cloud:
        first, second = (playbook(cloud, SIDES[side], arguments) for _ in range(2))
    for run, name in ((first, "first"), (second, "second")):
        say(
            f"{repetition + 1}. {side:<8} {name:<7} {run.seconds:6.1f} s  {run.requests:4} requests  "
            f"changed={run.changed}"
        )
    return first, second


def say(line: str) -> None:
    """Print what has just been measured."""
    print(f"bench: {line}", flush=True)


if __name__ == "__main__":
    main()
