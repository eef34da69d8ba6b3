"""One script in one container, run by the container's systemd.

A transient unit gives the script what SSM's agent, itself a service, would: the instance's environment, and
an end that reaches every process that it started. The script travels as a file, since arguments are for all
to read.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import threading
import time
from dataclasses import dataclass

import docker
import docker.errors
import requests.exceptions
from docker.models.containers import Container
from docker.utils.socket import STDOUT, frames_iter

STDOUT_LIMIT = 24_000
STDERR_LIMIT = 8_000
STEP_SECONDS = 0.1
KILL_SECONDS = 10.0
PROBE = [
    *("systemd-run", "--quiet", "--collect", "--wait"),
    *("--property=After=localcloud-trust.service", "/bin/true"),
]
"""Succeeds once systemd takes work and the instance trusts its cloud."""
SCRIPTS = "var/lib/amazon/ssm/localcloud"


@dataclass(frozen=True)
class Job:
    """What to run."""

    container: str
    unit: str
    """Name of the transient unit; unique."""
    script: str
    directory: str
    """Working directory; empty is the default one."""
    timeout_seconds: float
    delivery_seconds: float
    """How long the container may take to accept work."""


@dataclass(frozen=True)
class Outcome:
    """How it ended, in SSM's words."""

    status: str
    details: str
    code: int
    stdout: str = ""
    stderr: str = ""


class Output:
    """The first so many characters of a stream; the rest is read and dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()

    def add(self, chunk: bytes | None) -> None:
        """Take what the stream brought."""
        room = 4 * self._limit - len(self._content)  # a character is four bytes at most
        if chunk and room > 0:
            self._content += chunk[:room]

    def text(self) -> str:
        """As text."""
        return self._content.decode(errors="replace")[: self._limit]


def run(job: Job, cancelled: threading.Event) -> Outcome:
    """Run it to its end. Never raises: what goes wrong is an outcome."""
    client = docker.from_env(
        timeout=int(job.timeout_seconds + KILL_SECONDS) + 60
    )  # a silent script is no error
    try:
        if not _deliverable(client, job, cancelled):
            if cancelled.is_set():
                return Outcome("Cancelled", "Cancelled", -1)
            return Outcome("TimedOut", "DeliveryTimedOut", -1)
        return _run(client, job, cancelled)
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        return Outcome("Failed", "Undeliverable", -1, stderr=f"Failed to reach the instance: {error}\n")
    finally:
        client.close()


def _deliverable(client: docker.DockerClient, job: Job, cancelled: threading.Event) -> bool:
    deadline = time.monotonic() + job.delivery_seconds
    while time.monotonic() < deadline and not cancelled.is_set():
        try:
            if client.containers.get(job.container).exec_run(PROBE)[0] == 0:
                return True
        except docker.errors.APIError:
            pass  # not there yet, or not running
        cancelled.wait(STEP_SECONDS)
    return False


def _run(client: docker.DockerClient, job: Job, cancelled: threading.Event) -> Outcome:
    stdout, stderr = Output(STDOUT_LIMIT), Output(STDERR_LIMIT)
    container = client.containers.get(job.container)
    path = f"{SCRIPTS}/{job.unit}.sh"
    container.put_archive("/", _archive(path, job.script))
    argv = ["systemd-run", "--quiet", "--collect", "--wait", "--pipe", f"--unit={job.unit}"]
    argv += [f"--property=RuntimeMaxSec={int(job.timeout_seconds) + 60}"]
    argv += [f"--working-directory={job.directory}"] if job.directory else []
    started = client.api.exec_create(job.container, [*argv, "/bin/sh", f"/{path}"])
    connection = client.api.exec_start(started["Id"], socket=True)

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):  # closed below, when it outlived its being killed
            for number, chunk in frames_iter(connection, tty=False):  # type: ignore[no-untyped-call]
                (stdout if number == STDOUT else stderr).add(chunk)

    reader = threading.Thread(target=read, name=f"read-{job.unit}", daemon=True)
    reader.start()
    stopped = _await(reader, job.timeout_seconds, cancelled)
    if stopped is not None:
        _kill(container, job.unit, reader)
    connection._response.close()  # type: ignore[union-attr]  # the socket lives as long as its response
    connection.close()
    container.exec_run(["rm", "-f", f"/{path}"])
    if stopped is not None:
        return Outcome(*stopped, stdout=stdout.text(), stderr=stderr.text())
    # The output may end before Docker has taken note of the end.
    while (ended := client.api.exec_inspect(started["Id"]))["Running"]:
        time.sleep(STEP_SECONDS)
    code = int(ended["ExitCode"])
    status = "Success" if code == 0 else "Failed"
    return Outcome(status, status, code, stdout.text(), stderr.text())


def _kill(container: Container, unit: str, reader: threading.Thread) -> None:
    """End the unit, which may be about to begin: until the reader has seen the end of its output."""
    deadline = time.monotonic() + KILL_SECONDS
    while reader.is_alive() and time.monotonic() < deadline:
        container.exec_run(["systemctl", "kill", "--signal=SIGKILL", unit])
        reader.join(STEP_SECONDS)


def _await(
    reader: threading.Thread, seconds: float, cancelled: threading.Event
) -> tuple[str, str, int] | None:
    """None when the script ended by itself, else status, details and code of its being stopped."""
    deadline = time.monotonic() + seconds
    while reader.is_alive():
        if cancelled.is_set():
            return "Cancelled", "Cancelled", -1
        if time.monotonic() > deadline:
            return "TimedOut", "ExecutionTimedOut", -1
        reader.join(STEP_SECONDS)
    return None


def _archive(path: str, text: str) -> bytes:
    content = text.encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        parts = path.split("/")
        for depth in range(3, len(parts)):  # below /var/lib, which is there
            directory = tarfile.TarInfo("/".join(parts[:depth]))
            directory.type, directory.mode = tarfile.DIRTYPE, 0o700
            archive.addfile(directory)
        member = tarfile.TarInfo(path)
        member.size, member.mode = len(content), 0o700
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
