"""Load on one connection, and what its answers took."""

from __future__ import annotations

import gc
import json
import math
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

WARM_UP_REQUESTS = 20
_PATIENCE_SECONDS = 30


def percentile(times: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank: a time that some answer really took."""
    return sorted(times)[max(math.ceil(share * len(times)), 1) - 1]


def chat(model: str, prompt_bytes: int) -> bytes:
    """Return the body of a chat with a prompt of about so many bytes."""
    messages = [{"role": "user", "content": "word " * (prompt_bytes // 5)}]
    return json.dumps({"model": model, "messages": messages}).encode()


def measure(url: str, key: str, body: bytes, seconds: float) -> list[float]:
    """Ask one thing after the other on a connection that stays; return how many milliseconds each took.

    Raises SystemExit at any other answer than 200: what fails has no latency.
    """
    place = urlsplit(url)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    times: list[float] = []
    with socket.create_connection((place.hostname, place.port), _PATIENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_UP_REQUESTS):
            _ask(connection, request, url)
        gc.disable()
        try:
            until = time.perf_counter() + seconds
            while (began := time.perf_counter()) < until:
                _ask(connection, request, url)
                times.append((time.perf_counter() - began) * 1000)
        finally:
            gc.enable()
    return times


def _ask(connection: socket.socket, request: bytes, url: str) -> None:
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _read(connection, url)
    head, _, content = answer.partition(b"\r\n\r\n")
    _, has_length, rest = head.lower().partition(b"\r\ncontent-length:")
    if not head.startswith(b"HTTP/1.1 200 ") or not has_length:
        raise SystemExit(f"{url} answered {answer[:400].decode(errors='replace')}")
    missing = int(rest.partition(b"\r\n")[0]) - len(content)
    while missing > 0:
        missing -= len(_read(connection, url))


def _read(connection: socket.socket, url: str) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise SystemExit(f"{url} closed a connection that was to stay.")
    return got
