"""Start, stop and look at the server that runs in the background."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.checks import require_needs, require_port, require_root, require_settings
from localcloud.engine import connect
from localcloud.errors import LocalcloudError
from localcloud.hostimage import ensure_image
from localcloud.plane import Plane
from localcloud.programs import start_time
from localcloud.server import LOOPBACK, make_planes
from localcloud.settings import Settings

START_SECONDS = 60.0
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
    try:
        with urllib.request.urlopen(f"{settings.endpoint}/_localcloud/health", timeout=5) as reply:  # noqa: S310
            content = json.load(reply)
    except (urllib.error.URLError, OSError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def start(settings: Settings, kinds: Sequence[type[Plane]], progress: Progress) -> None:
    """Return when the server answers. One that runs already is left alone."""
    require_settings(settings)
    require_root()
    with _alone(settings):
        pid = running_pid(settings)
        if pid is not None:
            progress(f"already running: {settings.endpoint} (pid {pid})")
            return
        prepare(settings, kinds, progress)
        _spawn(settings, progress)


def prepare(settings: Settings, kinds: Sequence[type[Plane]], progress: Progress) -> None:
    """All that comes before the server itself: checks, the host image, and what a crash has left."""
    require_settings(settings)
    require_root()
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    planes = make_planes(settings, kinds, None)
    require_needs(planes)
    if planes:
        client = connect()
        ensure_image(client, progress)
        _clean(planes, progress)
    require_port(LOOPBACK, settings.port)


def stop(settings: Settings, kinds: Sequence[type[Plane]], progress: Progress) -> None:
    """Remove every trace and look again; raises LocalcloudError naming what is left."""
    require_root()
    if not settings.state_dir.exists():
        settings.state_dir.mkdir(parents=True, mode=0o700)
    with _alone(settings):
        pid = running_pid(settings)
        if pid is not None:
            progress(f"stopping the server (pid {pid})")
            _end(pid)
        planes = make_planes(settings, kinds, None)
        _clean(planes, progress)
        left = [thing for plane in planes for thing in plane.remains()]
        if left:
            raise LocalcloudError(
                f"Failed to remove every trace of localcloud: {', '.join(left)} is left.",
                "Remove it by hand, or run `stop` again.",
            )
        shutil.rmtree(settings.state_dir)
    progress("stopped; no container, network, volume, process or rule is left")


def _clean(planes: Sequence[Plane], progress: Progress) -> None:
    left = [thing for plane in planes for thing in plane.remains()]
    if left:
        progress(f"removing {len(left)} things: {', '.join(left[:6])}{' …' if len(left) > 6 else ''}")
    for plane in reversed(planes):
        plane.clean()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One `start` or `stop` at a time per state directory."""
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Path(f"/run/lock/{settings.prefix}.localcloud").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _spawn(settings: Settings, progress: Progress) -> None:
    command = [sys.executable, "-m", "localcloud", *settings.arguments, "serve", "--prepared"]
    with settings.paths.log_file.open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        if server.poll() is not None:
            raise LocalcloudError(
                f"Failed to start localcloud: the server exited {server.returncode}: {_last_line(settings)}",
                f"Its log is {settings.paths.log_file}.",
            )
        state = health(settings)
        if state is not None and state["status"] == "ok" and state["pid"] == server.pid:
            progress(f"ready in {time.monotonic() - began:.1f} s: {settings.endpoint} (pid {server.pid})")
            return
        time.sleep(0.1)
    _end(server.pid)
    raise LocalcloudError(
        f"Failed to start localcloud: it is not ready after {START_SECONDS:.0f} s.",
        f"Its log is {settings.paths.log_file}.",
    )


def _last_line(settings: Settings) -> str:
    lines = settings.paths.log_file.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _end(pid: int) -> None:
    began = start_time(pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if start_time(pid) != began or began is None:
            return
        os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while start_time(pid) == began and time.monotonic() < deadline:
            time.sleep(0.05)
