"""Files that are whole or absent, and the lock that keeps a second agent out."""

from __future__ import annotations

import fcntl
import grp
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BusyError, DeliveryError

_LOOK_SECONDS = 0.5


def write(path: Path, content: str, mode: int = 0o644, group: str | None = None) -> None:
    """Replace a file at once. It never exists half-written, nor with wider permissions than ``mode``."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(content)
            if group is not None:
                os.fchown(stream.fileno(), 0, _group_id(group))
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> str | None:
    """Return a file's text, or None where it is not."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


@contextmanager
def locked(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock. It ends with the process, however that ends.

    Raises BusyError where it is not had in time.
    """
    deadline = time.monotonic() + wait_seconds
    with path.open("a") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        "Another airlift-release is at work on this host.",
                        "Wait until it is done, then try again.",
                    ) from None
                time.sleep(_LOOK_SECONDS)
        yield


def _group_id(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise DeliveryError(
            f"There is no group {group} on this host.", "Install HAProxy first (role edge_proxy)."
        ) from None
