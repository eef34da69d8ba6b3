"""Many clients at once, each with a plan: what it sends, and whether and when it leaves."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.bench.cancel.engines import Engine
from tests.clients.edge import KEY, Edge
from tests.clients.script import COUNT
from tests.clients.scripted_engine import MODEL

PATIENCE_SECONDS = 300
_LAST = (b"data: [DONE]", b'"finish_reason"')

type End = Literal["answered", "left"] | str


@dataclass(frozen=True)
class Plan:
    """What one client does. It stays where it has no time and no number of events after which it leaves."""

    number: int
    prompt_bytes: int
    streams: bool
    key_header: str
    leaves_after_seconds: float | None = None
    leaves_after_events: int | None = None

    @property
    def stays(self) -> bool:
        """Return whether it waits for the whole answer."""
        return self.leaves_after_seconds is None and self.leaves_after_events is None

    def request(self) -> bytes:
        """Return the request. Some clients put the key into the address, too, where it does not belong."""
        # Its number first: no prompt begins as another, so none is in a cache.
        text = f"{self.number} " + "word " * (self.prompt_bytes // 5) + COUNT
        messages = [{"role": "user", "content": text}]
        asked = {"model": MODEL, "messages": messages, "max_tokens": 16, "stream": self.streams}
        body = json.dumps(asked).encode()
        query = f"?key={KEY}" if self.number % 10 == 0 else ""
        head = (
            f"POST /v1/chat/completions{query} HTTP/1.1\r\nHost: edge\r\n{self.key_header}{KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body


def plans(engine: Engine, seed: int) -> Sequence[Plan]:
    """Return a plan for each client; half of them leave, while they wait or while they read."""
    chance = random.Random(seed)
    leave = set(chance.sample(range(engine.clients), engine.clients // 2))
    found = []
    for number in range(engine.clients):
        streams = chance.random() < 0.75
        seconds = events = None
        if number in leave:
            if streams and chance.random() < 0.5:
                events = chance.randint(2, 8)
            else:
                seconds = chance.uniform(0.1, engine.longest_stay_seconds)
        size = engine.prompt_bytes[number % len(engine.prompt_bytes)]
        header = "x-api-key: " if number % 3 == 0 else "Authorization: Bearer "
        found.append(Plan(number, size, streams, header, seconds, events))
    return found


def ask(edge: Edge, plan: Plan) -> End:
    """Do what a plan says; return how it ended."""
    until = time.monotonic() + (plan.leaves_after_seconds or PATIENCE_SECONDS)
    content = b""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(plan.request())
            while True:
                connection.settimeout(max(until - time.monotonic(), 0.001))
                got = connection.recv(65536)
                content += got
                if not got:
                    break
                if plan.leaves_after_events and content.count(b"data: ") >= plan.leaves_after_events:
                    return "left"
        except TimeoutError:
            return "left" if plan.leaves_after_seconds else "heard nothing more"
        except OSError as error:
            return type(error).__name__
    if content.startswith(b"HTTP/1.1 200 ") and any(last in content for last in _LAST):
        return "answered"
    return content[:12].decode(errors="replace") or "closed"


def burst(edge: Edge, planned: Sequence[Plan]) -> Sequence[End]:
    """Have all clients ask at once; return how each ended."""
    ends: list[End] = ["did not run"] * len(planned)

    def run(plan: Plan) -> None:
        ends[plan.number] = ask(edge, plan)

    threads = [threading.Thread(target=run, args=(plan,)) for plan in planned]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends
