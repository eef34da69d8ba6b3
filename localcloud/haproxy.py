"""One HAProxy in master-worker mode, whose configuration can change without losing a connection.

A reload starts a new worker that inherits the listening sockets; the old one finishes what it has. What the
old worker knew of the servers' health is carried over, and new servers begin unproven (down until one check
passes), as targets of a load balancer do.
"""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.errors import LocalcloudError
from localcloud.programs import Programs
from localcloud.settings import Settings

RELOAD_SECONDS = 10.0
ANSWER_SECONDS = 5.0
_SESSION = re.compile(r"(0x[0-9a-f]+): .* be=(\S+) srv=(\S+) ")
_STATE_VERSION = "1"
_STATE_COLUMNS = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
    "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port "
    "srv_check_addr srv_agent_addr srv_agent_port"
)
_STOPPED = 0
_STARTING = 1  # down, and one passed check from up
_CHECK_FAILED = 2


@dataclass(frozen=True)
class Worker:
    """A process of HAProxy; an old one only finishes the connections that it has."""

    pid: int
    old: bool


@dataclass(frozen=True)
class Server:
    """A server with health checks, as the configuration names it."""

    backend: str
    name: str
    address: str
    port: int
    rise: int


@dataclass(frozen=True)
class Session:
    """A request, or a connection, that a worker is busy with; `server` is `<none>` until one is chosen."""

    id: str
    backend: str
    server: str


def server_states(found: str, servers: Sequence[Server]) -> str:
    """HAProxy's server state file: what was found, and every other server down until one check passes."""
    lines = [line for line in found.splitlines() if line]
    rows = [line.split() for line in lines[2:]]
    known = {(row[1], row[3]): row[4] for row in rows}
    unproven = [
        f"1 {server.backend} 1 {server.name} {server.address} "
        f"{_STARTING if server.rise > 1 else _STOPPED} 0 1 1 0 6 {_CHECK_FAILED} 0 6 "
        f"0 0 0 - {server.port} - 0 0 - - 0"
        for server in servers
        if known.get((server.backend, server.name)) != server.address
    ]
    return "\n".join([*(lines or [_STATE_VERSION, _STATE_COLUMNS]), *unproven]) + "\n"


class HAProxy:
    """Start, reload and question one HAProxy."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._name = name
        self._programs = Programs(settings.paths)
        self.directory = settings.paths.plane(name)
        self.log = self.directory / "haproxy.log"
        self.state_file = self.directory / "servers.state"
        self._config = self.directory / "haproxy.cfg"
        self._socket = self.directory / "master.sock"

    @property
    def running(self) -> bool:
        """Whether the master process lives."""
        return self._programs.pid(self._name) is not None

    def apply(self, config: str, servers: Sequence[Server] = ()) -> bool:
        """Run with `config`, whose servers with checks are `servers`; returns whether anything had to change.

        Raises LocalcloudError, and leaves what runs as it was, when HAProxy refuses the configuration.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        pid = self._programs.pid(self._name)
        if pid is not None and self._config.exists() and self._config.read_text() == config:
            return False
        self._check(config)
        try:
            found = self._ask("@1 show servers state") if pid is not None else ""
            self.state_file.write_text(server_states(found, servers))
            if pid is None:
                self._start()
            else:
                self._reload(pid)
        except (LocalcloudError, OSError):
            self._config.unlink(missing_ok=True)  # so that the next call tries again
            raise
        return True

    def stop(self) -> None:
        """End all its processes."""
        self._programs.stop(self._name)
        self._socket.unlink(missing_ok=True)

    def workers(self) -> list[Worker]:
        """The current worker first, then old ones that still have connections."""
        found: list[Worker] = []
        old = False
        for line in self._ask("show proc").splitlines():
            old = old or line.startswith("# old workers")
            fields = line.split()
            if len(fields) > 1 and fields[1] == "worker":
                found.append(Worker(int(fields[0]), old))
        return sorted(found, key=lambda worker: worker.old)

    def command(self, worker: Worker, text: str) -> str:
        """The answer of a worker to a command of HAProxy's runtime API."""
        return self._ask(f"@!{worker.pid} {text}")

    def statistics(self, worker: Worker) -> list[dict[str, str]]:
        """`show stat`: one row per frontend, backend and server, by HAProxy's column names."""
        lines = [line for line in self.command(worker, "show stat").splitlines() if line]
        if not lines:
            return []
        names = lines[0].removeprefix("# ").split(",")
        return [dict(zip(names, line.split(","), strict=False)) for line in lines[1:]]

    def sessions(self, worker: Worker) -> list[Session]:
        """What the worker is busy with."""
        lines = self.command(worker, "show sess").splitlines()
        return [Session(*match.groups()) for line in lines if (match := _SESSION.match(line))]

    def _check(self, config: str) -> None:
        new = self._config.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(config)
        checked = subprocess.run(
            ["haproxy", "-c", "-f", str(new)], capture_output=True, text=True, check=False
        )
        if checked.returncode != 0:
            alerts = [line for line in checked.stderr.splitlines() if "[ALERT]" in line]
            raise LocalcloudError(
                f"Failed to configure {self._name}: HAProxy refuses {new}: {' '.join(alerts)[:800]}.",
                f"See all with `haproxy -c -f {new}`.",
            )
        new.replace(self._config)

    def _start(self) -> None:
        self._socket.unlink(missing_ok=True)
        # Relative to the directory it runs in: a socket's whole path may have 97 characters only.
        argv = ["haproxy", "-W", "-f", str(self._config), "-S", f"unix@{self._socket.name},mode,600"]
        self._programs.start(self._name, argv, self.log, directory=self.directory)
        self._await(self._serves)

    def _reload(self, pid: int) -> None:
        before = {worker.pid for worker in self.workers()}
        os.kill(pid, signal.SIGUSR2)
        self._await(lambda: self._serves(before))

    def _serves(self, before: frozenset[int] | set[int] = frozenset()) -> bool:
        try:
            return any(not worker.old and worker.pid not in before for worker in self.workers())
        except OSError:
            return False

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + RELOAD_SECONDS
        while not condition():
            if time.monotonic() > deadline or not self.running:
                raise LocalcloudError(
                    f"Failed to start {self._name}: HAProxy does not serve.",
                    f"Its reasons are in {self.log}.",
                )
            time.sleep(0.02)

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            directory = os.open(self.directory, os.O_PATH)
            try:
                connection.connect(f"/proc/self/fd/{directory}/{self._socket.name}")
            finally:
                os.close(directory)
            connection.sendall(command.encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            chunks = []
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks).decode(errors="replace")


def unprivileged_user() -> str | None:
    """The user that HAProxy becomes once it listens, where this process may choose and the user exists."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("haproxy").pw_name
    except KeyError:
        return None
