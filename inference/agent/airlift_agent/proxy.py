"""The edge proxy, through its admin socket (HAProxy management guide, section 9.3)."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import DeliveryError
from .files import write
from .state import Colour, Routing

BACKEND = "engine"
_FORCED_MAINTENANCE, _FORCED_DRAIN = 0x01, 0x08
_RUNNING = "2"
_SOCKET_SECONDS = 10
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A server as HAProxy sees it: routing is the administrator's word, ``up`` the health check's.

    ``limit`` is how many requests it is given at once (``maxconn``), 0 for any number.
    """

    routing: Routing
    up: bool
    sessions: int
    limit: int


class Proxy:
    """The running HAProxy."""

    def __init__(self, admin_socket: Path, server_state: Path) -> None:
        """Nothing is asked yet. ``server_state`` is the file from which HAProxy takes its servers' state."""
        self._socket = admin_socket
        self._server_state = server_state

    def servers(self) -> Mapping[Colour, Server]:
        """Return both servers. Raises DeliveryError where HAProxy or one of them is missing."""
        states = _rows(self._ask(f"show servers state {BACKEND}"), "# be_id", " ")
        figures = {
            row["svname"]: row
            for row in _rows(self._ask("show stat"), "# pxname", ",")
            if row["pxname"] == BACKEND
        }
        by_name = {row["srv_name"]: row for row in states}
        if not (by_name.keys() & figures.keys()) >= set(Colour):
            raise DeliveryError(
                f"HAProxy has no backend {BACKEND} with the servers blue and green.",
                "Run the role edge_proxy.",
            )
        return {
            colour: Server(
                _routing(int(by_name[colour]["srv_admin_state"])),
                by_name[colour]["srv_op_state"] == _RUNNING,
                int(figures[colour]["scur"] or 0) + int(figures[colour]["qcur"] or 0),
                int(figures[colour]["slim"] or 0),
            )
            for colour in Colour
        }

    def route(self, colour: Colour, routing: Routing) -> None:
        """Set a server's routing, and keep it for HAProxy's next start or reload."""
        self._tell(f"set server {BACKEND}/{colour} state {routing}")
        if routing is Routing.READY:
            self._tell(f"set server {BACKEND}/{colour} health up")
        write(self._server_state, self._ask("show servers state"))

    def limit(self, colour: Colour, requests: int) -> None:
        """Set how many requests a server is given at once. HAProxy's next start or reload forgets it."""
        self._tell(f"set maxconn server {BACKEND}/{colour} {requests}")

    def wait_up(self, colour: Colour, seconds: float) -> None:
        """Wait until HAProxy's own health check accepts the server."""
        deadline = time.monotonic() + seconds
        while not self.servers()[colour].up:
            if time.monotonic() >= deadline:
                raise DeliveryError(
                    f"HAProxy does not accept {colour}: its health check fails.",
                    "Look at: journalctl -u haproxy",
                )
            time.sleep(_LOOK_SECONDS)

    def wait_idle(self, colour: Colour, seconds: float) -> bool:
        """Wait for a server's requests; whether all ended in time."""
        deadline = time.monotonic() + seconds
        while self.servers()[colour].sessions:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def map(self, path: Path) -> Mapping[str, str]:
        """Return the entries of a map in the running process."""
        lines = [line.split(" ", 2) for line in self._ask(f"show map {path}").splitlines() if line.strip()]
        return {line[1]: line[2] for line in lines if len(line) == 3}

    def replace_map(self, path: Path, entries: Mapping[str, str]) -> None:
        """Replace a map of the running process in one transaction: no request sees half of it."""
        answer = self._ask(f"prepare map {path}")
        version = answer.rpartition(":")[2].strip()
        if not version.isdigit():
            raise _refused(f"prepare map {path}", answer)
        if entries:
            lines = "\n".join(f"{key} {value}" for key, value in entries.items())
            self._tell(f"add map @{version} {path} <<\n{lines}\n")
        self._tell(f"commit map @{version} {path}")

    def _tell(self, command: str) -> None:
        answer = self._ask(command).strip()
        if answer:
            raise _refused(command.splitlines()[0], answer)

    def _ask(self, command: str) -> str:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_SOCKET_SECONDS)
                connection.connect(str(self._socket))
                connection.sendall(f"{command}\n".encode())
                with connection.makefile("rb") as answer:
                    text = answer.read().decode()
        except OSError as error:
            raise DeliveryError(
                f"HAProxy does not answer at {self._socket}: {error}.", "Start it: systemctl restart haproxy"
            ) from error
        if text.startswith(("Unknown map", "Unknown command", "Permission denied", "No such", "Can't find")):
            raise _refused(command.splitlines()[0], text.strip())
        return text


def _routing(admin_state: int) -> Routing:
    if admin_state & _FORCED_MAINTENANCE:
        return Routing.MAINTENANCE
    return Routing.DRAIN if admin_state & _FORCED_DRAIN else Routing.READY


def _rows(text: str, heading: str, separator: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith(heading)), None)
    if start is None:
        raise _refused("show", text.strip())
    names = lines[start].removeprefix("# ").split(separator)
    return [dict(zip(names, line.split(separator), strict=False)) for line in lines[start + 1 :] if line]


def _refused(command: str, answer: str) -> DeliveryError:
    return DeliveryError(
        f"HAProxy refused `{command}`: {answer[:200]}.", "Run the role edge_proxy, then try again."
    )
