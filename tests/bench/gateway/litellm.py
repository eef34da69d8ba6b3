"""LiteLLM's proxy in front of the upstream, in an environment of its own, of the locked version."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.cloud import ROOT
from tests.bench.gateway.upstream import MODEL

KEY = "sk-of-the-gateways-benchmark"
CACHE = Path(os.environ.get("AIRLIFT_BENCH_CACHE", ROOT / ".airlift/bench"))
LOCK = Path(__file__).with_name("litellm.lock")
START_SECONDS = 120
_CONFIG = """
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {upstream}/v1
      api_key: none
"""


def install() -> Path:
    """Return the environment's programs; it is made anew where the lock has changed."""
    place = CACHE / "litellm"
    uv = str(Path(sys.executable).with_name("uv"))
    if not (place / "lock").exists() or (place / "lock").read_text() != LOCK.read_text():
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True)
        python = place / "bin/python"
        subprocess.run(
            [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True
        )
        (place / "lock").write_text(LOCK.read_text())
    return place / "bin"


@contextmanager
def litellm(directory: Path, port: int, upstream: str, workers: int) -> Iterator[int]:
    """Run it, and yield its process."""
    config, log = directory / "litellm.yaml", directory / "litellm.log"
    config.write_text(_CONFIG.format(model=MODEL, upstream=upstream))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOG": "ERROR",
        # Its list of prices is in the package, too.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [
        *(str(install() / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)),
        *("--num_workers", str(workers), "--telemetry", "False"),
    ]
    with log.open("w") as output:
        running = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + START_SECONDS
        while "Application startup complete" not in log.read_text():
            if running.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"LiteLLM did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield running.pid
    finally:
        running.terminate()
        running.wait(20)
