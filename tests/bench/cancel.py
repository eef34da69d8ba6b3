"""Long prompts side by side through the edge, half of them cancelled at random: what is lost, what it costs.

Against an edge and an engine that run: `python -m tests.bench.cancel --help`. Prints one JSON object, and
ends with 1 where a request still has a place at the engine, or the edge's memory has not stopped growing.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

_BUSY = re.compile(r"^llamacpp:requests_(?:processing|deferred) (\d+)", re.MULTILINE)
_QUIET_SECONDS = 1.6
"""llama.cpp looks for clients that left once it said nothing for a second, and its metrics are something."""
_MOST_GROWTH = 1.1


def request(options: argparse.Namespace, size: int) -> bytes:
    """Return a chat completion of so many bytes, with its headers."""
    text = "word " * (size // 5)
    body = {"model": options.model, "messages": [{"role": "user", "content": text}], "max_tokens": 16}
    content = json.dumps(body).encode()
    key = Path(options.key_file).read_text().strip()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def ask(options: argparse.Namespace, content: bytes, leave_after: float | None) -> str:
    """Make one request; return the status of its answer, or how it ended without one."""
    edge = urlsplit(options.edge)
    with socket.create_connection((edge.hostname, edge.port), timeout=options.seconds) as connection:
        try:
            connection.settimeout(leave_after or options.seconds)
            connection.sendall(content)
            answer = connection.recv(64)
        except TimeoutError:
            return "left" if leave_after else "silent"
        except OSError as error:
            return type(error).__name__
    return answer.split()[1].decode() if answer else "closed"


def burst(options: argparse.Namespace) -> Counter[str]:
    """Have all of them ask at once; return how they ended."""
    chance = random.Random(options.seed)
    contents = [request(options, size) for size in (100_000, 1_000_000)]
    ends: Counter[str] = Counter()

    def client(number: int, leave_after: float | None) -> None:
        ends[ask(options, contents[number % 2], leave_after)] += 1

    threads = [
        threading.Thread(target=client, args=(number, chance.uniform(0.1, 5) if number % 4 < 2 else None))
        for number in range(options.clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def busy(options: argparse.Namespace) -> int:
    """Return how many requests the engine works on or has waiting."""
    with urlopen(f"{options.engine}/metrics", timeout=60) as answer:
        return sum(int(count) for count in _BUSY.findall(answer.read().decode()))


def memory_kib(pid: int) -> int:
    """Return the memory that a process has resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def seconds_until(condition: Callable[[], bool], limit: float) -> float | None:
    """Return how long it took, or None where it did not happen."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        time.sleep(_QUIET_SECONDS)
        if condition():
            return round(time.monotonic() - began, 1)
    return None


def main() -> int:
    """Run the bursts and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", required=True, help="as http://127.0.0.1:8080")
    parser.add_argument("--engine", required=True, help="as http://127.0.0.1:8001")
    parser.add_argument("--haproxy-pid", type=int, required=True, help="the edge's worker process")
    parser.add_argument("--key-file", required=True)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--bursts", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120, help="how long a client waits at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    memory, ends, free = [memory_kib(options.haproxy_pid)], [], []
    for _ in range(options.bursts):
        ends.append(dict(burst(options)))
        free.append(seconds_until(lambda: busy(options) == 0, options.seconds))
        memory.append(memory_kib(options.haproxy_pid))
    print(json.dumps({"ends": ends, "seconds_until_all_places_are_free": free, "edge_memory_kib": memory}))
    # The first burst fills the pools, which HAProxy keeps.
    flat = memory[-1] <= memory[1] * _MOST_GROWTH
    return 0 if flat and None not in free else 1


if __name__ == "__main__":
    sys.exit(main())
