"""A control plane to measure against: localcloud's, in a process of its own, with nothing behind it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


@dataclass(frozen=True)
class Cloud:
    """A running control plane. It counts the requests that it answers."""

    url: str

    def requests(self) -> int:
        """Return how many requests there have been since the last call, and begin at 0 again."""
        with urllib.request.urlopen(f"{self.url}/_localcloud/requests", timeout=10) as answer:
            total = int(json.load(answer)["total"])
        forget = urllib.request.Request(f"{self.url}/_localcloud/requests", method="DELETE")
        urllib.request.urlopen(forget, timeout=10).close()
        return total


@contextmanager
def empty_cloud() -> Iterator[Cloud]:
    """Start an empty account on a free port of loopback; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="airlift-bench-") as state, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        unused.close()
        command = [sys.executable, "-m", "localcloud", "--state-dir", state]
        command += ["serve", "--control-plane-only", "--port", str(port)]
        with (Path(state) / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            cloud = Cloud(f"http://127.0.0.1:{port}")
            _wait(cloud, server, Path(state) / "log")
            yield cloud
        finally:
            server.terminate()
            server.wait(30)


def _wait(cloud: Cloud, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            cloud.requests()
        except (urllib.error.URLError, ConnectionError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The control plane did not start:\n{log.read_text()[-2000:]}") from error
            time.sleep(0.2)
        else:
            return
