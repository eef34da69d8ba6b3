"""`python -m tests.bench.gateway`: what the edge adds to an answer, beside LiteLLM's proxy in the same run.

Ends with 1 where the edge adds more than it may.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import report
from tests.bench.cloud import ROOT
from tests.bench.gateway import rounds, table
from tests.bench.gateway.litellm import KEY as LITELLM_KEY
from tests.bench.gateway.litellm import install, litellm
from tests.bench.gateway.machine import memory_mib, tree
from tests.bench.gateway.upstream import MODEL, upstream
from tests.bench.gateway.window import chat
from tests.clients.edge import KEY, edge, free_port

# The edge's own limit is asked of every request here, and lets them all through.
RATE_LIMIT_REQUESTS = 100_000_000


def main() -> int:
    """Measure, print the table, and with --write put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description=__doc__)
    parser.add_argument("--windows", type=int, default=3, help="of each side and kind of prompt")
    parser.add_argument("--seconds", type=float, default=6, help="of one window")
    parser.add_argument("--patience", type=float, default=300, help="for each kind of prompt, in seconds")
    parser.add_argument(
        "--shared",
        action="store_true",
        help="the machine has other work: run what is measured before it (SCHED_FIFO, needs root)",
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    install()
    cores = sorted(os.sched_getaffinity(0))
    ours, gateways = cores[: (len(cores) + 1) // 2], cores[len(cores) // 2 :]
    with tempfile.TemporaryDirectory(prefix="airlift-bench-") as temporary, ExitStack() as stack:
        directory = Path(temporary)
        (directory / "edge").mkdir()
        # What is started from here on stays on these cores, and goes before others.
        os.sched_setaffinity(0, gateways)
        if options.shared:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        running = stack.enter_context(
            edge(directory / "edge", edge_proxy_rate_limit_requests=RATE_LIMIT_REQUESTS)
        )
        address, port = f"http://127.0.0.1:{running.engine_port}", free_port()
        other = stack.enter_context(litellm(directory, port, address, len(gateways)))
        os.sched_setaffinity(0, ours)
        stack.enter_context(upstream(directory, running.engine_port))
        running.wait(200)
        sides = (
            rounds.Side(table.UPSTREAM, address, ""),
            rounds.Side(table.EDGE, running.plain_url, KEY),
            rounds.Side(table.LITELLM, f"http://127.0.0.1:{port}", LITELLM_KEY),
        )
        plan = rounds.Plan(options.windows, options.seconds, options.patience)
        ask = rounds.any_slice if options.shared else rounds.quiet_slice
        found = {size: rounds.run(sides, chat(MODEL, size), plan, ask) for size in table.PROMPTS}
        memory = {table.EDGE: memory_mib([running.pid()]), table.LITELLM: memory_mib(tree([other]))}
    print(text := table.render(found, memory, len(gateways), options.shared))
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "bench.gateway", text)
    return 1 if table.beyond(found) else 0


if __name__ == "__main__":
    sys.exit(main())
