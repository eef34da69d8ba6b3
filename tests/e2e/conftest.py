"""The whole way, on this machine: `make up`, use it, break it, `make down`.

The tests run in the order of the files' names and share one stack: bringing it up is the slow part.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
LOG = ROOT / ".airlift" / "log"
ENDPOINT = "https://airlift.test/v1"
AWS = "http://127.0.0.1:4566"
MODEL = "smollm2-135m-instruct"


@dataclass(frozen=True)
class Run:
    """What a command did: its exit code, all it printed, and its wall time in seconds."""

    returncode: int
    output: str
    seconds: float


def environment() -> dict[str, str]:
    """Return this environment without what would point TLS clients past the system's trust store."""
    unwanted = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PATH": f"{BIN}:{kept['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def run(*command: str, timeout: float = 1200, check: bool = True) -> Run:
    """Run ``command`` in the root of the checkout; its output also goes to .airlift/log/e2e.log."""
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    result = Run(done.returncode, done.stdout, time.monotonic() - start)
    LOG.mkdir(parents=True, exist_ok=True)
    with (LOG / "e2e.log").open("a") as log:
        log.write(
            f"$ {' '.join(command)}   [exit {result.returncode}, {result.seconds:.1f} s]\n{result.output}\n"
        )
    if check and result.returncode != 0:
        pytest.fail(f"{' '.join(command)} exited {result.returncode}:\n{result.output[-6000:]}")
    return result


def playbook(name: str, *arguments: str, check: bool = True) -> Run:
    """Run one of the playbooks with the default inventory."""
    return run(str(BIN / "ansible-playbook"), f"playbooks/{name}.yml", *arguments, check=check)


def instances() -> list[str]:
    """Return the names of the containers that stand for running EC2 instances."""
    listed = run("docker", "ps", "--filter", "label=localcloud.instance", "--format", "{{.Names}}")
    return sorted(listed.output.split())


def in_instance(name: str, *command: str, check: bool = True) -> Run:
    """Run a command as root inside the instance's container."""
    return run("docker", "exec", name, *command, check=check)


def api_requests(*, reset: bool = False) -> dict[str, int]:
    """Return how many requests the embedded AWS has answered since the last reset, and how many mutating.

    Only this machine's own requests: the hosts' agents ask by themselves.
    """
    request = urllib.request.Request(
        f"{AWS}/_localcloud/requests?source=127.0.0.1", method="DELETE" if reset else "GET"
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        body = reply.read()
    return json.loads(body) if body and not reset else {}


@pytest.fixture(scope="session")
def up() -> Iterator[Run]:
    """Bring the stack up as a user does, and take it down when all tests are done."""
    result = run("make", "up")
    yield result
    run("make", "down", check=False)


@pytest.fixture(scope="session")
def api_key(up: Run) -> str:
    """Return the API key that `llm` was given."""
    directory = Path(run(str(BIN / "llm"), "keys", "path").output.strip())
    return json.loads(directory.read_text())["airlift"]
