"""The llamacpp engine: llama.cpp's own HTTP server, inside this process."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from xllamacpp import CommonParams, Server, llama_pooling_type  # type: ignore[import-not-found]

from .context import LONGEST_TEXT_TOKENS, MOST_TOKENS, Context, Shape, decide, free_bytes, shape
from .drain import drain, open_connections
from .gguf import read_metadata
from .memory import limit_bytes
from .metrics import publish
from .model import ModelError
from .settings import PORT, SPARE_HTTP_THREADS, Settings


def serve(weights: Path, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests finish before leaving.

    Raises ModelError where llama.cpp cannot load the weights.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    model = shape(read_metadata(weights))
    context = _context(weights, settings, model)
    print(f"engine: {context.tokens} tokens for each of {settings.slots} slots, {context.reason}", flush=True)
    try:
        server = Server(parameters(weights, settings, context, model))
    except RuntimeError as error:
        # It says no more than that it failed; its log has the reason.
        raise ModelError(
            f"llama.cpp cannot load {weights.name} with {settings.slots} slots of {context.tokens} "
            "tokens. The lines before this one say why."
        ) from error
    print(f"engine: {settings.model_name} ready at {server.listening_address}", flush=True)
    ended = threading.Event()
    publisher = threading.Thread(target=publish, args=(server, settings, ended, _write))
    if settings.metrics_namespace:
        publisher.start()
    stop.wait()
    print(f"engine: stopping, up to {settings.drain_seconds} s for running requests", flush=True)
    finished = drain(server, settings.drain_seconds, lambda: open_connections(PORT))
    print("engine: stopped" if finished else "engine: stopped with requests unfinished", flush=True)
    ended.set()
    if settings.metrics_namespace:
        publisher.join()
    del server


def _write(line: str) -> None:
    print(line, flush=True)


def _context(weights: Path, settings: Settings, model: Shape) -> Context:
    files = [path for path in weights.parent.glob("*.gguf") if "mmproj" not in path.name]
    free = free_bytes(limit_bytes(), sum(path.stat().st_size for path in files), settings.prompt_cache_mib)
    most = MOST_TOKENS if settings.task == "chat" else LONGEST_TEXT_TOKENS
    return decide(settings.context_tokens, settings.slots, model, free, most)


def parameters(weights: Path, settings: Settings, context: Context, model: Shape) -> CommonParams:
    """Translate the settings into llama.cpp's. Its context is shared out evenly among the slots."""
    params = CommonParams()
    params.model.path = str(weights)
    params.model_alias = {settings.model_name}
    params.n_ctx = context.tokens * settings.slots
    params.n_parallel = settings.slots
    params.n_predict = settings.default_max_tokens or -1
    params.n_batch = params.n_ubatch = settings.batch_tokens
    if settings.task != "chat":
        params.embedding = True
        params.n_batch = params.n_ubatch = context.tokens
    if settings.task == "rerank":
        params.pooling_type = llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    elif settings.task == "embed" and not model.pools:
        params.pooling_type = llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.n_threads_http = settings.slots + SPARE_HTTP_THREADS
    params.cache_ram_mib = settings.prompt_cache_mib
    params.sse_ping_interval = settings.sse_ping_seconds
    params.hostnames = ["0.0.0.0"]  # noqa: S104 - the container's own network; the host publishes it to loopback
    params.port = PORT
    params.endpoint_metrics = True
    params.endpoint_slots = False
    params.ui = False
    params.offline = True
    return params
