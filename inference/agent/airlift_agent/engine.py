"""Asking an engine: is it ready, and does it do what it is for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from .errors import DeliveryError

_LOOK_SECONDS = 0.2
_PROOF_SECONDS = 120
_PROMPT = "Say hello."
_TOKENS = 8


@dataclass(frozen=True, slots=True)
class _Proof:
    """A request, and what its answer must hold: ``count`` finds it, at least one is wanted."""

    path: str
    body: Mapping[str, object]
    count: Callable[[Any], int]
    words: str


_PROOFS: Mapping[str, _Proof] = {
    "chat": _Proof(
        "/v1/chat/completions",
        {"max_tokens": _TOKENS, "messages": [{"role": "user", "content": _PROMPT}]},
        lambda answer: int(answer["usage"]["completion_tokens"]),
        "answered a test prompt with {} tokens",
    ),
    "embed": _Proof(
        "/v1/embeddings",
        {"input": _PROMPT},
        lambda answer: sum(map(_is_number, answer["data"][0]["embedding"])),
        "turned a test text into a vector of {} numbers",
    ),
    "rerank": _Proof(
        "/v1/rerank",
        {"query": _PROMPT, "documents": ["Hello.", "Goodbye."]},
        lambda answer: sum(_is_number(result["relevance_score"]) for result in answer["results"]),
        "ranked {} test texts",
    ),
}


def wait_ready(port: int, seconds: float, alive: Callable[[], bool]) -> None:
    """Wait for ``/health``. Raises DeliveryError as soon as the container ends, or after ``seconds``."""
    deadline = time.monotonic() + seconds
    while _status(port, "GET", "/health", None, 5)[0] != 200:
        if not alive():
            raise DeliveryError("The engine ended before it was ready.")
        if time.monotonic() >= deadline:
            raise DeliveryError(f"The engine was not ready within {seconds:.0f} s.")
        time.sleep(_LOOK_SECONDS)


def prove(port: int, model: str, task: str) -> str:
    """Have the engine do what it is for: ``chat``, ``embed`` or ``rerank``; say how that went.

    Raises DeliveryError where it does not.
    """
    proof = _PROOFS[task]
    body = json.dumps({"model": model, **proof.body})
    status, text = _status(port, "POST", proof.path, body, _PROOF_SECONDS)
    if status != 200:
        raise DeliveryError(f"The engine answered a test of {task} with {status or 'nothing'}: {text[:200]}")
    try:
        count = proof.count(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError):
        raise DeliveryError(f"The engine's answer to a test of {task} is none: {text[:200]}") from None
    if count < 1:
        raise DeliveryError(f"The engine's answer to a test of {task} is empty.")
    return proof.words.format(count)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
