"""What must hold before a server starts; each failure is one sentence with its remedy."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from localcloud.errors import LocalcloudError
from localcloud.plane import Plane
from localcloud.settings import Settings

PREFIX_FORM = re.compile(r"[a-z][a-z0-9]{0,11}")


def require_root() -> None:
    """Networks, firewall rules and hosts entries need it."""
    if os.geteuid() != 0:
        raise LocalcloudError(
            "Failed to start localcloud: making networks, firewall rules and hosts entries takes root.",
            "Run it with sudo, or run `serve --control-plane-only`, which needs neither root nor Docker.",
        )


def require_settings(settings: Settings) -> None:
    """Names and numbers that the rest relies on."""
    if not PREFIX_FORM.fullmatch(settings.prefix):
        raise LocalcloudError(
            f"Failed to start localcloud: the prefix {settings.prefix!r} is not usable in names.",
            "Give one of up to 12 small letters and digits that begins with a letter.",
        )
    if not 1024 <= settings.port <= 65000:
        raise LocalcloudError(
            f"Failed to start localcloud: port {settings.port} is out of range.",
            "Give one from 1024 to 65000.",
        )


def require_needs(planes: Sequence[Plane]) -> None:
    """Every program that a plane needs; all that is missing in one message."""
    needs = {need.missing: need for plane in planes for need in plane.needs()}
    if needs:
        raise LocalcloudError(
            f"Failed to start localcloud: this machine lacks {', '.join(sorted(needs))}.",
            " ".join(need.remedy for _, need in sorted(needs.items())),
        )


def require_port(address: str, port: int) -> None:
    """Nobody else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise LocalcloudError(
                f"Failed to start localcloud: port {port} of {address} is taken by another program.",
                f"See which with `ss -ltnp sport = :{port}`, or start with --port.",
            ) from error


def is_program(name: str) -> bool:
    """Whether a program is installed, also where PATH lacks the system's directories."""
    return shutil.which(name) is not None or any(
        Path(folder, name).exists() for folder in ("/usr/sbin", "/sbin", "/usr/bin")
    )
