"""A server's life: making ready, serving, and removing every trace."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Sequence

from localcloud import daemon
from localcloud.checks import require_needs, require_port, require_root, require_settings
from localcloud.daemon import Progress
from localcloud.docker_engine import connect
from localcloud.errors import LocalcloudError
from localcloud.hostimage import ensure_image
from localcloud.plane import Plane
from localcloud.server import LOOPBACK, CloudServer, make_planes
from localcloud.settings import Settings


def serve(
    settings: Settings, kinds: Sequence[type[Plane]], progress: Progress, ready: Callable[[], None]
) -> None:
    """Make ready, tell it by `ready`, and serve until SIGTERM or SIGINT.

    What the planes have made stays, for `stop` to remove.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    _prepare(settings, kinds, progress)
    server = CloudServer(settings, kinds)
    server.start()
    ready()
    ended.wait()
    server.stop()


def _prepare(settings: Settings, kinds: Sequence[type[Plane]], progress: Progress) -> None:
    """All that comes before the server itself: checks, the host image, and what a crash has left."""
    require_settings(settings)
    if kinds:
        require_root()
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        pid = daemon.running_pid(settings)
        if pid is not None:
            raise LocalcloudError(
                f"Failed to start localcloud: one runs already on {settings.endpoint} (pid {pid}).",
                "Stop it with `stop`.",
            )
        planes = make_planes(settings, kinds, None)
        require_needs(planes)
        client = connect()
        ensure_image(client, progress)
        _clean(planes, progress)
        daemon.note_pid(settings)
    require_port(LOOPBACK, settings.port)


def stop(settings: Settings, kinds: Sequence[type[Plane]], progress: Progress) -> None:
    """Remove every trace and look again; raises LocalcloudError naming what is left."""
    require_root()
    with daemon.alone(settings):
        pid = daemon.running_pid(settings)
        if pid is not None:
            progress(f"stopping the server (pid {pid})")
            daemon.end(pid)
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
