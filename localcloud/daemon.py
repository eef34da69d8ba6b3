"""The server in the background, seen from a short-lived process; light, so that it answers at once."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.errors import LocalcloudError
from localcloud.programs import start_time
from localcloud.settings import Settings

STOP_SECONDS = 60.0
Progress = Callable[[str], None]


def running_pid(settings: Settings) -> int | None:
    """Pid of the server that owns the state directory, or None."""
    try:
        noted = json.loads(settings.paths.pid_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    pid = int(noted["pid"])
    return pid if start_time(pid) == noted["started"] else None


def note_pid(settings: Settings) -> None:
    """Note this process as the server."""
    content = json.dumps({"pid": os.getpid(), "started": start_time(os.getpid())})
    settings.paths.pid_file.write_text(content)


def health(settings: Settings) -> dict[str, Any] | None:
    """What the server says of itself, or None when it does not answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{settings.endpoint}/_localcloud/health", timeout=5) as reply:
            content = json.load(reply)
    except (urllib.error.URLError, OSError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def start(settings: Settings, progress: Progress) -> None:
    """Return when the server answers. One that runs already is left alone.

    The server itself makes ready and tells how far it is through a pipe, which it closes when it is ready.
    """
    with alone(settings):
        pid = _running(settings)
        if pid is not None:
            progress(f"already running: {settings.endpoint} (pid {pid})")
            return
        began = time.monotonic()
        server = _spawn(settings, progress)
        if not _answers(server, settings):
            server.kill()
            raise LocalcloudError(_last_line(settings), f"The log is {settings.paths.log_file}.")
        progress(f"ready in {time.monotonic() - began:.1f} s: {settings.endpoint} (pid {server.pid})")


def _running(settings: Settings) -> int | None:
    """Return the server's process id if it runs. One that was killed and is not gone yet is waited for."""
    deadline = time.monotonic() + STOP_SECONDS
    while (pid := running_pid(settings)) is not None:
        if health(settings) is not None or time.monotonic() >= deadline:
            return pid
        time.sleep(0.1)
    return None


def _spawn(settings: Settings, progress: Progress) -> subprocess.Popen[bytes]:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "localcloud", *settings.arguments, "serve", f"--progress-to={writer}"]
    with settings.paths.log_file.open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[writer],
        )
    os.close(writer)
    with os.fdopen(reader) as lines:
        for line in lines:
            progress(line.rstrip("\n"))
    return server


def _answers(server: subprocess.Popen[bytes], settings: Settings) -> bool:
    """Whether the server is ready. Not if it has ended; one that is busy is asked again."""
    deadline = time.monotonic() + STOP_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if health(settings) is not None:
            return True
        time.sleep(0.1)
    return False


def _last_line(settings: Settings) -> str:
    lines = settings.paths.log_file.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "Failed to start localcloud: it ended without a word."


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One `start` or `stop` at a time per state directory."""
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except PermissionError as error:
        raise LocalcloudError(
            f"Failed to write the state directory {settings.state_dir}: {error.strerror}.",
            "Run it with sudo, or give another with --state-dir.",
        ) from error
    with (settings.state_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def end(pid: int) -> None:
    """End a server: SIGTERM, and SIGKILL when that takes longer than a minute."""
    began = start_time(pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if start_time(pid) != began or began is None:
            return
        os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while start_time(pid) == began and time.monotonic() < deadline:
            time.sleep(0.05)
