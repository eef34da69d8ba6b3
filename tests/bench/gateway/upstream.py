"""The upstream that all gateways stand in front of: it answers every chat at once, and always the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.edge import HAPROXY

MODEL = "demo"
_ANSWER = {
    "id": "chatcmpl-upstream",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": MODEL,
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}
# HAProxy, because it costs little and always the same: a jitter of the upstream would hide a gateway's.
_CONFIG = """
global
  tune.bufsize 2097152
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 2s
frontend upstream
  bind 127.0.0.1:{port}
  http-request wait-for-body time 10s if METH_POST
  http-request return status 200 content-type application/json file {answer} if METH_POST
  http-request return status 200 content-type application/json string '{{"status": "ok"}}'
"""


@contextmanager
def upstream(directory: Path, port: int) -> Iterator[str]:
    """Run it, and yield its address."""
    answer, config = directory / "answer.json", directory / "upstream.cfg"
    answer.write_text(json.dumps(_ANSWER))
    config.write_text(_CONFIG.format(port=port, answer=answer))
    running = subprocess.Popen([HAPROXY, "-db", "-f", str(config)], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)
