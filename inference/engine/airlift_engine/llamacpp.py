"""The llamacpp engine: llama.cpp's own HTTP server, inside this process."""

from __future__ import annotations

import re
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .settings import Settings

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server

PORT = 8000
_BUSY = re.compile(r"^llamacpp:requests_(?:processing|deferred) (\d+)", re.MULTILINE)
_QUIET_LOOKS = 3
_LOOK_SECONDS = 0.1


def serve(weights: Path, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests finish before leaving."""
    from xllamacpp import Server

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = Server(parameters(weights, settings))
    print(f"engine: {settings.model_name} ready at {server.listening_address}", flush=True)
    stop.wait()
    print(f"engine: stopping, up to {settings.drain_seconds} s for running requests", flush=True)
    finished = drain(server, settings.drain_seconds)
    print("engine: stopped" if finished else "engine: stopped with requests unfinished", flush=True)
    del server


def parameters(weights: Path, settings: Settings) -> CommonParams:
    """Translate the settings into llama.cpp's. Its context is shared out evenly among the slots."""
    from xllamacpp import CommonParams

    params = CommonParams()
    params.model.path = str(weights)
    params.model_alias = {settings.model_name}
    params.n_ctx = settings.context_tokens * settings.slots
    params.n_parallel = settings.slots
    params.n_batch = params.n_ubatch = settings.batch_tokens
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.n_threads_http = settings.slots + 4
    params.cache_ram_mib = settings.prompt_cache_mib
    params.hostnames = ["0.0.0.0"]  # noqa: S104 - the container's own network; the host publishes it to loopback
    params.port = PORT
    params.endpoint_metrics = True
    params.endpoint_slots = False
    params.ui = False
    params.offline = True
    return params


def drain(server: Server, limit_seconds: float) -> bool:
    """Wait until no request runs or waits; whether that happened in time.

    Several quiet looks in a row, because the last event of a stream leaves just after its slot is free.
    """
    deadline = time.monotonic() + limit_seconds
    quiet = 0
    while quiet < _QUIET_LOOKS:
        if time.monotonic() >= deadline:
            return False
        quiet = 0 if busy(server.handle_metrics()) else quiet + 1
        time.sleep(_LOOK_SECONDS)
    return True


def busy(metrics: str | bytes) -> bool:
    """Whether the server's metrics count a request that runs or waits."""
    text = metrics.decode() if isinstance(metrics, bytes) else metrics
    counts = _BUSY.findall(text)
    if not counts:
        raise RuntimeError("The metrics of llama.cpp no longer say how many requests are running.")
    return any(int(count) for count in counts)
