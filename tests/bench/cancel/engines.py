"""The engines that are put behind the edge, and how each is asked whether it is busy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.bench.cancel.slotted import SLOTS
from tests.bench.cloud import ROOT
from tests.clients.edge import Edge
from tests.clients.programs import CACHE

_BUSY = re.compile(r"^llamacpp:requests_(?:processing|deferred) (\d+)", re.MULTILINE)
REAL_SLOTS, REAL_CONTEXT_TOKENS = 2, 8192


@dataclass(frozen=True)
class Engine:
    """A kind of engine, and what it is asked."""

    name: str
    slots: int
    clients: int
    bursts: int
    prompt_bytes: Sequence[int]
    longest_stay_seconds: float
    """The latest at which a client leaves that has heard nothing."""
    command: Callable[[int], Sequence[str]]
    busy: Callable[[int], int]
    """How many requests it has, on a port."""
    look_seconds: float
    """How long it is left in peace between two looks."""


def _scripted_busy(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/slots", timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
        return int(found["running"])


def _real_command(port: int) -> Sequence[str]:
    (model,) = (CACHE / "model").rglob("*.gguf")
    program, template = (ROOT / "tests/clients" / name for name in ("real_engine.py", "tool_template.jinja"))
    sizes = (str(REAL_CONTEXT_TOKENS), str(REAL_SLOTS))
    return [str(CACHE / "engine/bin/python"), str(program), str(model), str(template), str(port), *sizes]


def _real_busy(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return sum(int(count) for count in _BUSY.findall(answer.read().decode()))


SCRIPTED = Engine(
    name="scripted",
    slots=SLOTS,
    clients=200,
    bursts=6,
    prompt_bytes=(100_000, 1_000_000),
    longest_stay_seconds=8,
    command=lambda port: [sys.executable, "-m", "tests.bench.cancel.slotted", "--port", str(port)],
    busy=_scripted_busy,
    look_seconds=0.1,
)
REAL = Engine(
    name="llama.cpp",
    slots=REAL_SLOTS,
    clients=12,
    bursts=2,
    prompt_bytes=(2_000, 20_000),
    longest_stay_seconds=30,
    command=_real_command,
    busy=_real_busy,
    # It looks for clients that left once it has said nothing for a second, and its metrics are something.
    look_seconds=1.6,
)


@contextmanager
def behind(edge: Edge, engine: Engine, log: Path) -> Iterator[None]:
    """Run an engine behind an edge, which gives it as many requests as the release agent would allow."""
    with log.open("w") as output:
        running = subprocess.Popen(
            engine.command(edge.engine_port), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        edge.wait(200, seconds=60)
        edge.admin(f"set maxconn server engine/blue {engine.slots + 8}")
        yield
    finally:
        running.terminate()
        running.wait(30)
