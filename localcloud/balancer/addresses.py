"""One loopback address per load balancer, kept while it lives."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

from localcloud.errors import LocalcloudError

FIRST = 10
LAST = 254


class Addresses:
    """Gives out `<base>.10`, `<base>.11`, … by owner; the lowest free one first."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._numbers: dict[str, int] = {}

    def of(self, owner: str) -> str:
        """The owner's address. Raises LocalcloudError when all are taken."""
        if owner not in self._numbers:
            taken = set(self._numbers.values())
            free = next((number for number in range(FIRST, LAST + 1) if number not in taken), None)
            if free is None:
                raise LocalcloudError(
                    f"Failed to give load balancer {owner} an address: all {len(taken)} are taken.",
                    "Delete a load balancer.",
                )
            self._numbers[owner] = free
        return f"{self._base}.{self._numbers[owner]}"

    def keep(self, owners: Collection[str]) -> None:
        """Free the addresses of all other owners."""
        self._numbers = {owner: number for owner, number in self._numbers.items() if owner in owners}


def bind_problem(address: str, port: int) -> str | None:
    """Why nothing can listen there, as one sentence with its remedy; None when something can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"another program listens on {address}:{port} or on port {port} of all addresses; "
                    f"`ss -ltnp sport = :{port}` names it, stop it"
                )
            return f"this machine cannot listen on {address}:{port} ({error.strerror})"
    return None
