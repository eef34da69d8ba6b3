"""Processes by more than their number, which comes round: who one is, and whether it still runs."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process: ``machine`` is host, boot and namespace; ``started`` is empty where no /proc says it."""

    machine: str
    pid: int
    started: str


def process(pid: int) -> Process:
    """Return the process with this number as it is now."""
    return Process(machine(), pid, _started(pid))


def is_alive(one: Process) -> bool:
    """Whether it runs. One of another machine counts as alive: nobody here can know."""
    if one.machine != machine():
        return True
    try:
        os.kill(one.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Another user's: where /proc hides it, that it is there has to do.
        return _started(one.pid) in ("", one.started)
    return _started(one.pid) == one.started


def user_and_host() -> str:
    """Return who runs this where, for people: ``alice@laptop``. A container's user may have no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def machine() -> str:
    """Return what tells this machine, since it booted, and this container from others."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append((_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str((_PROC / "self/ns/pid").readlink()))
    return " ".join(parts)


def _started(pid: int) -> str:
    """Return the 22nd field of proc_pid_stat(5), ticks since boot. A zombie has ended."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
