"""The scripted engine with slots: requests wait for one, and read their prompt before they say a word.

``python -m tests.bench.cancel.slotted --port 8001``. It writes down all that its requests come with but their
bodies.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.clients.scripted_engine import Engine

SLOTS = 4
PREFILL_TOKENS_PER_SECOND = 250_000
_LOOK_SECONDS = 0.02


class Slotted(Engine):
    """One connection."""

    context_tokens = 1_048_576
    slots = threading.Semaphore(SLOTS)

    @contextmanager
    def _place(self, prompt_tokens: int) -> Iterator[None]:
        while not self.slots.acquire(timeout=_LOOK_SECONDS):
            self._stay()
        try:
            until = time.monotonic() + prompt_tokens / PREFILL_TOKENS_PER_SECOND
            while time.monotonic() < until:
                self._stay()
                time.sleep(_LOOK_SECONDS)
            yield
        finally:
            self.slots.release()

    def log_message(self, format: str, *args: Any) -> None:
        """Write down a request, and its headers."""
        print(format % args, dict(self.headers), flush=True)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Slotted)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
