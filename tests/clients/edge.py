"""The edge of a host, as processes of this machine: TLS, HAProxy by the role's own template, an engine.

Its parts are what a host has, but for these: it is started here and not by systemd, it keeps its own user and
no chroot, and the certificate of a private authority stands where the load balancer's would.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.clients.scripted_engine import CONTEXT_TOKENS, MODEL
from tests.pki import issue

ROOT = Path(__file__).parents[2]
KEY = "al-key-of-the-clients-tests-0123456789"
WRONG_KEY = "al-key-that-nobody-was-given-000000"
FACTS = {
    "context_tokens": CONTEXT_TOKENS,
    "max_output_tokens": None,
    "tools": True,
    "vision": False,
    "json_schema": True,
    "reasoning": False,
    "tasks": ["chat"],
    "created": 1_700_000_000,
}
HAPROXY = "/usr/sbin/haproxy"

# A process of a test has neither root's rights nor another user's.
HOST_ONLY = re.compile(r"^  (user haproxy|group haproxy|chroot .+)\n", re.MULTILINE)
TLS = """
listen tls
  mode tcp
  bind 127.0.0.1:{tls} ssl crt {directory}/tls.pem
  server edge 127.0.0.1:{edge}
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Edge:
    """A running edge. ``log`` has one JSON object per request, as the journal of a host."""

    directory: Path
    port: int
    tls_port: int
    engine_port: int

    @property
    def url(self) -> str:
        """Return the endpoint's address, without ``/v1``."""
        return f"https://localhost:{self.tls_port}"

    @property
    def plain_url(self) -> str:
        """Return the edge's own address, behind TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """Return the file with the private authority's certificate."""
        return self.directory / "ca.pem"

    def slots(self) -> dict[str, Any]:
        """Return what the engine has been asked."""
        with urlopen(f"http://127.0.0.1:{self.engine_port}/slots", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def admin(self, command: str) -> str:
        """Return what HAProxy answers to a command of its administration."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.directory / "admin.sock"))
            connection.sendall(f"{command}\n".encode())
            with connection.makefile() as answer:
                return answer.read()

    def pid(self) -> int:
        """Return HAProxy's process."""
        return int(self.admin("show info").partition("\nPid: ")[2].split()[0])

    def log(self) -> list[dict[str, Any]]:
        """Return the access log."""
        lines = (self.directory / "haproxy.log").read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @contextmanager
    def engine(self) -> Iterator[None]:
        """Run the engine, until the edge has seen it come and go."""
        with _process(
            sys.executable, "-m", "tests.clients.scripted_engine", "--port", str(self.engine_port), cwd=ROOT
        ):
            self.wait(200)
            yield
        self.wait(503)

    def wait(self, status: int, seconds: float = 15) -> None:
        """Wait until the edge's health is this."""
        until = time.monotonic() + seconds
        while _status(f"{self.plain_url}/health") != status:
            if time.monotonic() > until:
                log = (self.directory / "haproxy.log").read_text()
                raise TimeoutError(f"/health of the edge did not become {status}:\n{log[-2000:]}")
            time.sleep(0.05)


@contextmanager
def edge(directory: Path, **variables: Any) -> Iterator[Edge]:
    """Run an edge in a directory, with no engine yet. Variables are the role's."""
    ports = [free_port() for _ in range(5)]
    running = Edge(directory, ports[0], ports[1], ports[2])
    rules = {
        "edge_directory": str(directory),
        "edge_proxy_port": running.port,
        "edge_proxy_metrics_port": ports[3],
        "edge_proxy_blue_address": f"127.0.0.1:{running.engine_port}",
        "edge_proxy_green_address": f"127.0.0.1:{ports[4]}",
        "edge_proxy_rate_limit_requests": 0,
        "__edge_proxy_socket": str(directory / "admin.sock"),
        "__edge_proxy_state_file": str(directory / "servers"),
        "__edge_proxy_rules_directory": str(ROOT / "roles/edge_proxy/files"),
        **{
            f"__edge_proxy_{name}_map": str(directory / f"{name}.map")
            for name in ("keys", "models", "host", "errors")
        },
        **variables,
    }
    subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            ROOT / "tests/clients/edge.yml",
            "-e",
            json.dumps(rules),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    config = directory / "haproxy.cfg"
    text, dropped = HOST_ONLY.subn(
        "", config.read_text().replace("user root group haproxy mode 660", "mode 600")
    )
    assert dropped == 3, "the template's user, group and chroot were not found"
    config.write_text(text + TLS.format(tls=running.tls_port, edge=running.port, directory=directory))
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    (directory / "keys.map").write_text(f"{digest} clients\n")
    facts = json.dumps(FACTS, separators=(",", ":"))
    (directory / "models.map").write_text(f'{MODEL} {facts}\n* ["{MODEL}"]\n')
    (directory / "host.map").touch()
    (directory / "servers").touch()
    authority = issue(subject="clients", authority=True)
    leaf = issue("localhost", issuer=authority)
    running.authority.write_text(authority.pem)
    (directory / "tls.pem").write_text(leaf.pem + leaf.key_pem)
    with ExitStack() as stack, (directory / "haproxy.log").open("w") as log:
        stack.enter_context(_process(HAPROXY, "-db", "-f", str(config), output=log))
        running.wait(503)
        yield running


@contextmanager
def _process(*command: str, output: Any = subprocess.DEVNULL, cwd: Path | None = None) -> Iterator[None]:
    running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd)
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _status(url: str) -> int:
    done = subprocess.run(
        ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code}", "--max-time", "2", url],
        capture_output=True,
        text=True,
        check=False,
    )
    return int(done.stdout or 0)
