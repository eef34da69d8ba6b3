"""``airlift-traces``: follow the edge's access log in the journal, and send X-Ray what is sampled."""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from .config import DEFAULT_PATH, load
from .errors import AirliftError
from .trace_segments import Sampler, of, segment

_FOLLOW = ("journalctl", "--follow", "--lines=0", "--output=json", "--unit=haproxy.service")
_BATCH = 25
_BATCH_SECONDS = 2.0
_WAITING = 1000
"""Beyond so many segments that X-Ray does not take, the oldest are given up."""


class Sender(Protocol):
    """A way to X-Ray."""

    def send(self, documents: Sequence[str]) -> None:
        """Send segments; raise OSError or what boto3 raises."""


class Datagrams:
    """To the agent on this host, which sends them on: a line that names the format, and the document."""

    HEAD = json.dumps({"format": "json", "version": 1})

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, documents: Sequence[str]) -> None:
        """Send each by itself, as the agent takes them."""
        for document in documents:
            self._socket.sendto(f"{self.HEAD}\n{document}".encode(), self._address)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class Api:
    """To X-Ray itself (xray:PutTraceSegments). AWS_ENDPOINT_URL is honoured, as boto3 does."""

    def __init__(self, region: str) -> None:
        config = ClientConfig(retries={"mode": "standard"}, connect_timeout=5, read_timeout=10)
        self._client = boto3.client("xray", region_name=region, config=config)

    def send(self, documents: Sequence[str]) -> None:
        """Send all in one call."""
        answer = self._client.put_trace_segments(TraceSegmentDocuments=list(documents))
        for refused in answer.get("UnprocessedTraceSegments", []):
            print(f"X-Ray refused segment {refused.get('Id')}: {refused.get('Message')}", file=sys.stderr)


class Outbox:
    """Segments that wait for the next batch. X-Ray that does not answer costs traces and never a request."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._failing = False

    def add(self, document: str) -> None:
        """Put a segment with the others."""
        with self._lock:
            self._waiting = [*self._waiting, document][-_WAITING:]

    def flush(self) -> None:
        """Send what waits, a batch at a time; what fails waits on."""
        while batch := self._waiting[:_BATCH]:
            try:
                self._sender.send(batch)
            except (OSError, BotoCoreError, ClientError) as error:
                if not self._failing:
                    print(f"Failed to send traces: {error}. They wait.", file=sys.stderr, flush=True)
                self._failing = True
                return
            self._failing = False
            with self._lock:
                self._waiting = [document for document in self._waiting if document not in batch]

    def flush_forever(self) -> None:
        """Send every so often."""
        while True:
            time.sleep(_BATCH_SECONDS)
            self.flush()


def segments(lines: Iterable[str], stack: str, sampler: Sampler) -> Iterator[str]:
    """Yield the sampled segments of journal lines, in the form in which they are sent."""
    for line in lines:
        try:
            found: dict[str, Any] = json.loads(line)
            entry = json.loads(found["MESSAGE"])
            ended = int(found["__REALTIME_TIMESTAMP"]) / 1_000_000
        except (ValueError, KeyError, TypeError):
            continue  # HAProxy's other lines
        trace = of(entry) if isinstance(entry, dict) else None
        if trace is not None and sampler.takes(trace, ended):
            yield json.dumps(segment(entry, trace, ended, stack))


def main(arguments: list[str] | None = None) -> int:
    """Run until the journal ends, which it does not."""
    parser = argparse.ArgumentParser(prog="airlift-traces", description="Send the edge's traces to X-Ray.")
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, help="default: %(default)s")
    try:
        config = load(parser.parse_args(arguments).config)
    except AirliftError as error:
        print(error, file=sys.stderr)
        return 1
    outbox = Outbox(Datagrams(config.traces_port) if config.traces_port else Api(config.region))
    threading.Thread(target=outbox.flush_forever, daemon=True).start()
    with subprocess.Popen(_FOLLOW, stdout=subprocess.PIPE, text=True) as journal:
        assert journal.stdout is not None
        for document in segments(journal.stdout, config.stack, Sampler(config.traces_percent / 100)):
            outbox.add(document)
    return 1


if __name__ == "__main__":
    sys.exit(main())
