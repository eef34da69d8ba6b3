"""`python -m tests.bench.cancel`: bursts of long prompts, half of whose clients leave, through the edge.

With a scripted engine that takes a megabyte of prompt, then with llama.cpp and the demo's model. Ends with 1
where a request that stayed was not answered, a place was lost, the edge's memory grew, or a log has a key.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import report
from tests.bench.cancel import checks
from tests.bench.cancel.burst import burst, plans
from tests.bench.cancel.engines import REAL, SCRIPTED, Engine, behind
from tests.bench.cloud import ROOT
from tests.clients.edge import KEY, Edge, edge

FREE_SECONDS = 30
QUEUE_SECONDS = 300


@dataclass(frozen=True)
class Seen:
    """What was seen with one engine; ``wrong`` is empty where all is as it must be."""

    engine: Engine
    left: Counter[str]
    free_seconds: Sequence[float | None]
    memory_kib: Sequence[int]
    wrong: Sequence[str]


def main() -> int:
    """Run what is asked for, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cancel", description=__doc__)
    parser.add_argument("--engine", choices=(SCRIPTED.name, REAL.name), help="one of them only")
    parser.add_argument("--clients", type=int, help="other than 200 and 12")
    parser.add_argument("--bursts", type=int, choices=range(2, 21), metavar="N", help="other than 6 and 2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    seen = []
    for engine in (SCRIPTED, REAL):
        if options.engine in (None, engine.name):
            clients, bursts = options.clients or engine.clients, options.bursts or engine.bursts
            seen.append(run(replace(engine, clients=clients, bursts=bursts), options.seed))
    print(text := table(seen))
    for one in seen:
        for words in one.wrong:
            print(f"{one.engine.name}: {words}", file=sys.stderr)
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "bench.cancel", text)
    return 1 if any(one.wrong for one in seen) else 0


def run(engine: Engine, seed: int) -> Seen:
    """Put the bursts through an edge of their own."""
    with tempfile.TemporaryDirectory(prefix="airlift-bench-") as temporary:
        directory = Path(temporary)
        (directory / "edge").mkdir()
        engine_log = directory / "engine.log"
        variables = {"edge_proxy_queue_timeout_seconds": QUEUE_SECONDS}
        with edge(directory / "edge", **variables) as running, behind(running, engine, engine_log):
            return look(engine, running, engine_log, [seed + number for number in range(engine.bursts)])


def look(engine: Engine, running: Edge, engine_log: Path, seeds: Sequence[int]) -> Seen:
    """Run a burst for each seed, and look at what it left."""
    wrong: list[str] = []
    left: Counter[str] = Counter()
    free: list[float | None] = []
    memory: list[int] = []

    def is_free() -> bool:
        return engine.busy(running.engine_port) == 0 and checks.sessions(running) == 0

    for number, seed in enumerate(seeds, 1):
        before = len(running.log())
        planned = plans(engine, seed)
        ends = burst(running, planned)
        free.append(checks.seconds_until(is_free, FREE_SECONDS, engine.look_seconds))
        memory.append(checks.resident_kib(running.pid()))
        where = checks.left_where(running.log()[before:])
        left.update(where)
        print(
            f"bench: {engine.name}, burst {number}: {dict(Counter(ends))}, left {where}, free after "
            f"{free[-1]} s, edge {memory[-1]} KiB",
            flush=True,
        )
        if lost := checks.unanswered(planned, ends):
            wrong.append(f"burst {number}: stayed and were not answered: {dict(lost)}")
        if free[-1] is None:
            wrong.append(f"burst {number}: a place was not free within {FREE_SECONDS} s")
    wrong += [f"nobody left {place}: nothing is shown of it" for place, count in left.items() if not count]
    if not checks.is_flat(memory):
        wrong.append(f"the edge's memory grew: {memory} KiB")
    for log in (running.directory / "haproxy.log", engine_log):
        if checks.tells(log, KEY):
            wrong.append(f"{log.name} has a key")
    return Seen(engine, left, free, memory, wrong)


def table(seen: Sequence[Seen]) -> str:
    """Return what was seen as a table of Markdown."""
    columns = [cells(one) for one in seen]
    lines = ["| | " + " | ".join(one.engine.name for one in seen) + " |", "|---" * (len(seen) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(column[name] for column in columns) + " |" for name in columns[0]]
    return "\n".join(lines)


def cells(one: Seen) -> Mapping[str, str]:
    """Return the cells of an engine's column, by their row."""
    return {
        "clients at once, bursts": f"{one.engine.clients}, {len(one.memory_kib)}",
        "prompts": " and ".join(f"{size // 1000} KB" for size in one.engine.prompt_bytes),
        **{f"left {place}": str(one.left[place]) for place in checks.PLACES},
        "all places free after": ", ".join(f"{seconds} s" for seconds in one.free_seconds),
        "edge's memory after each burst": ", ".join(f"{kib:,}" for kib in one.memory_kib) + " KiB",
    }


if __name__ == "__main__":
    sys.exit(main())
