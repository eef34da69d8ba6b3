"""A client of the edge proxy, as the load balancer is one, and a hand on what is behind it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

from testinfra.host import Host

BLUE, GREEN = 8001, 8002
COLOURS = {BLUE: "blue", GREEN: "green"}
# Operational and administrative state, in HAProxy's numbers.
IN_USE, DOWN, IN_MAINTENANCE = ("2", "0"), ("0", "0"), ("0", "1")
MODEL = "demo"
MESSAGES = [{"role": "user", "content": "Hi"}]
MAPS = "/etc/haproxy/airlift"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def error(self) -> dict[str, str | None]:
        """The error object, which must be there in full."""
        error: dict[str, str | None] = json.loads(self.text)["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        assert self.headers["content-type"] == "application/json"
        return error

    @property
    def anthropic_error(self) -> dict[str, str]:
        """The error object in Anthropic's shape, which must be there in full."""
        body = json.loads(self.text)
        assert body.keys() == {"type", "error", "request_id"}
        assert body["type"] == "error"
        assert body["request_id"] == self.headers["request-id"]
        assert self.headers["content-type"] == "application/json"
        error: dict[str, str] = body["error"]
        assert error.keys() == {"message", "type"}
        return error


class Edge:
    """The edge proxy of the host, reached as the load balancer reaches it."""

    def __init__(self, host: Host, address: str) -> None:
        self.host, self.address = host, address

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        return http.client.HTTPConnection(self.address, 8080, timeout=60)

    def ask(
        self,
        path: str,
        key: str | None = None,
        body: object = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request on a connection of its own."""
        sent = {} if key is None else {"Authorization": f"Bearer {key}"}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with closing(self.connect()) as connection:
            # An edge that has heard enough answers before it has taken all: clients read that answer.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    method or ("GET" if body is None else "POST"), path, data, {**sent, **(headers or {})}
                )
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode())

    def complete(self, key: str, **fields: object) -> Answer:
        """Ask for a completion."""
        return self.ask("/v1/chat/completions", key, {"model": MODEL, "messages": MESSAGES, **fields})

    def tell(self, command: str) -> str:
        """Say something to the admin socket."""
        say = "echo %s | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock"
        answer: str = self.host.check_output(say, command)
        return answer

    def remember(self, name: str, key: str, value: str) -> None:
        """Add to a map, in its file and in the running process."""
        self.remember_all(name, {key: value})

    def remember_all(self, name: str, entries: Mapping[str, str]) -> None:
        """Add to a map, in its file and in the running process, as the release agent does."""
        path = f"{MAPS}/{name}"
        lines = "\n".join(f"{key} {value}" for key, value in entries.items())
        self.host.check_output(
            "echo %s >> %s && printf '%%s\\n' %s | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock",
            lines,
            path,
            f"add map {path} <<\n{lines}\n",
        )

    def forget(self, name: str) -> None:
        """Empty a map, in its file and in the running process."""
        path = f"{MAPS}/{name}"
        self.host.check_output(
            f": > {path} && echo 'clear map {path}' | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock"
        )

    def run_engines(self, *ports: int) -> None:
        """Have these engines run and be used, and no other. What HAProxy thinks may be old."""
        others = [port for port in COLOURS if port not in ports]
        commands = [f"systemctl start fake-engine@{port}" for port in ports]
        commands += [f"systemctl stop fake-engine@{port}" for port in others]
        commands += [f"until {_answers(port)}; do sleep 0.1; done" for port in ports]
        commands.append("echo 'show servers state engine' | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock")
        shown = self.host.check_output(" && ".join(commands))
        wanted = {COLOURS[port]: IN_USE if port in ports else DOWN for port in COLOURS}
        if _states(shown) != wanted:
            wait(lambda: self.states() == wanted, f"{wanted}")

    def start_engine(self, port: int) -> None:
        """Start a colour and wait until the edge uses it."""
        self.start_engine_unused(port)
        self.wait_state(port, IN_USE)

    def start_engine_unused(self, port: int) -> None:
        """Start a colour and wait until it answers."""
        self.host.check_output(
            f"systemctl start fake-engine@{port} && until {_answers(port)}; do sleep 0.1; done"
        )

    def renew(self, verb: str) -> None:
        """Reload or restart the edge, and wait until the new process is the one that answers."""
        before = self.pid()
        self.host.check_output(f"systemctl {verb} haproxy")
        wait(lambda: self.pid() not in (before, ""), f"a new process after {verb}")

    def pid(self) -> str:
        """Return the id of the process behind the admin socket; nothing where none listens."""
        ask = "echo 'show info' | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock"
        shown: str = self.host.run(ask).stdout
        return next((line.split()[1] for line in shown.splitlines() if line.startswith("Pid:")), "")

    def stop_engine(self, port: int) -> None:
        """Stop a colour and wait until the edge knows."""
        self.host.check_output(f"systemctl stop fake-engine@{port}")
        self.wait_state(port, DOWN)

    def wait_state(self, port: int, state: tuple[str, str]) -> None:
        """Wait for a colour's state."""
        colour = COLOURS[port]
        wait(lambda: self.state(colour) == state, f"{colour} {state}")

    def state(self, colour: str) -> tuple[str, str]:
        """Return a server's operational and administrative state."""
        return self.states()[colour]

    def states(self) -> dict[str, tuple[str, str]]:
        """Return the states of both servers."""
        return _states(self.tell("show servers state engine"))


def _states(shown: str) -> dict[str, tuple[str, str]]:
    rows = [line.split() for line in shown.splitlines()]
    found = {row[3]: (row[5], row[6]) for row in rows if row[3:4] and row[3] in COLOURS.values()}
    assert found.keys() == set(COLOURS.values()), f"HAProxy lacks a server: {rows}"
    return found


def _answers(port: int) -> str:
    return f"curl --silent --output /dev/null http://127.0.0.1:{port}/health"


def wait(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for a condition, for so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def wait_on_host(host: Host, command: str, what: str, seconds: int = 60) -> None:
    """Wait until a command succeeds, in one call: each call costs a tenth of a second of a core."""
    loop = f"until {command}; do sleep 0.2; done >/dev/null 2>&1"
    tried = host.run("timeout %s sh -c %s", str(seconds), loop)
    assert tried.rc == 0, f"{what}: not within {seconds} s"
