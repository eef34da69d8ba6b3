"""Asking an engine: is it ready, and does it complete."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from .errors import DeliveryError

_LOOK_SECONDS = 0.2
_COMPLETION_SECONDS = 120
_PROMPT = "Say hello."
_TOKENS = 8


def wait_ready(port: int, seconds: float, alive: Callable[[], bool]) -> None:
    """Wait for ``/health``. Raises DeliveryError as soon as the container ends, or after ``seconds``."""
    deadline = time.monotonic() + seconds
    while _status(port, "GET", "/health", None, 5)[0] != 200:
        if not alive():
            raise DeliveryError("The engine ended before it was ready.")
        if time.monotonic() >= deadline:
            raise DeliveryError(f"The engine was not ready within {seconds:.0f} s.")
        time.sleep(_LOOK_SECONDS)


def complete(port: int, model: str) -> int:
    """Have the engine answer a chat; return the number of tokens it made, at least one."""
    body = {"model": model, "max_tokens": _TOKENS, "messages": [{"role": "user", "content": _PROMPT}]}
    status, text = _status(port, "POST", "/v1/chat/completions", json.dumps(body), _COMPLETION_SECONDS)
    if status != 200:
        raise DeliveryError(f"The engine answered a test prompt with {status or 'nothing'}: {text[:200]}")
    try:
        tokens = int(json.loads(text)["usage"]["completion_tokens"])
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(f"The engine's answer to a test prompt is no completion: {text[:200]}") from None
    if tokens < 1:
        raise DeliveryError("The engine answered a test prompt with no token.")
    return tokens


def _status(port: int, method: str, path: str, body: str | None, seconds: float) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
