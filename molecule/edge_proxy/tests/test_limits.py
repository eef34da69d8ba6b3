"""Clients that ask too much, too slowly, or not at all: each is bounded, and the others do not notice."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from edge_client import MODEL, Edge, wait

COMPLETIONS = "/v1/chat/completions"
LIMIT, WINDOW_SECONDS = 40, 6
# The scenario allows two seconds for headers, for a body and for a pause; a busy machine needs more. Defaults
# are ten and more.
PATIENCE_SECONDS = 9
# HAProxy 2.6 bounds these by the engine's silence and by idleness: some twenty seconds here, longer
# than its queue waits, so clients ask again.
LONGEST_SECONDS = 60
IDLE = 1000
HEALTH = b"GET /health HTTP/1.1\r\nHost: edge\r\n\r\n"


def head(key: str, *lines: str) -> bytes:
    """The head of a completion's request."""
    first = (f"POST {COMPLETIONS} HTTP/1.1", "Host: edge", f"Authorization: Bearer {key}")
    return "\r\n".join([*first, *lines, "", ""]).encode()


def trickle(connection: socket.socket, seconds: float = 20) -> bytes:
    """Send a byte now and then until there is an answer or the connection is closed; return the answer."""
    deadline = time.monotonic() + seconds
    connection.settimeout(0.3)
    while time.monotonic() < deadline:
        # Whoever no longer listens may have answered before.
        with suppress(OSError):
            connection.sendall(b"x")
        try:
            return connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return b""
    raise AssertionError(f"still waited for after {seconds} s")


def test_a_key_beyond_its_rate_waits_as_long_as_told_and_the_others_do_not(
    blue: Edge, new_key: Callable[[str], str]
) -> None:
    eager, calm = new_key("eager"), new_key("calm")
    with closing(blue.connect()) as connection:

        def status() -> int:
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {eager}"})
            response = connection.getresponse()
            response.read()
            return response.status

        start = time.monotonic()
        statuses = [status() for _ in range(LIMIT + 10)]
        assert time.monotonic() - start < WINDOW_SECONDS, "this machine is too slow to exceed the rate"
    assert statuses == [200] * LIMIT + [429] * 10
    refused = blue.ask("/v1/models", eager)
    assert refused.status == 429
    assert refused.error["code"] == "rate_limit_exceeded"
    assert refused.headers["retry-after"] == str(WINDOW_SECONDS)
    assert blue.ask("/v1/models", calm).status == 200
    time.sleep(int(refused.headers["retry-after"]))
    wait(lambda: blue.ask("/v1/models", eager).status == 200, "the key is let in again", seconds=2)


def test_headers_that_trickle_are_not_waited_for(edge: Edge) -> None:
    with socket.create_connection((edge.address, 8080)) as connection:
        start = time.monotonic()
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: edge\r\nX-Slow: ")
        answer = trickle(connection)
        assert answer.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - start < PATIENCE_SECONDS


def test_a_connection_that_says_nothing_is_closed(edge: Edge) -> None:
    with socket.create_connection((edge.address, 8080), timeout=PATIENCE_SECONDS) as connection:
        while connection.recv(65536):
            continue


def test_a_body_that_trickles_is_not_waited_for(edge: Edge, key: str) -> None:
    with socket.create_connection((edge.address, 8080)) as connection:
        start = time.monotonic()
        connection.sendall(head(key, "Content-Length: 500") + b'{"model": "demo", ')
        answer = trickle(connection)
        assert answer.startswith(b"HTTP/1.1 408")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"
        assert time.monotonic() - start < PATIENCE_SECONDS


@pytest.fixture
def stuck(blue: Edge, key: str) -> Iterator[Edge]:
    """The edge, with both places at the engine taken by clients that stopped in a large body."""
    with ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection((blue.address, 8080)))
            body = b'{"model": "demo", "padding": "' + b"x" * 150_000
            connection.sendall(head(key, "Content-Length: 190000") + body)
        yield blue


def test_a_large_body_that_stops_gives_its_place_to_others(stuck: Edge, key: str) -> None:
    wait(lambda: stuck.complete(key).status == 200, "a place at the engine", LONGEST_SECONDS)


def test_a_client_that_takes_no_more_gives_its_place_to_others(blue: Edge, key: str) -> None:
    body = json.dumps({"model": MODEL, "stream": True, "chunks": 300_000}).encode()
    with ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection((blue.address, 8080)))
            connection.sendall(head(key, f"Content-Length: {len(body)}") + body)
        time.sleep(0.5)
        wait(lambda: blue.complete(key).status == 200, "a place at the engine", LONGEST_SECONDS)


def test_headers_that_are_too_large_are_refused(blue: Edge, key: str) -> None:
    assert blue.ask("/v1/models", key, headers={"X-Large": "x" * 15_000}).status == 200
    answer = blue.ask("/v1/models", key, headers={f"X-Large-{n}": "x" * 5_000 for n in range(4)})
    assert answer.status == 431
    assert answer.error["code"] == "headers_too_large"


@pytest.mark.parametrize(
    "headers", [{"X-Huge": "x" * 70_000}, {f"X-{n}": "x" for n in range(150)}], ids=["huge", "many"]
)
def test_headers_beyond_what_the_parser_takes_are_refused_by_it(
    blue: Edge, key: str, headers: dict[str, str]
) -> None:
    answer = blue.ask("/v1/models", key, headers=headers)
    assert answer.status == 400


@pytest.fixture
def idle(edge: Edge) -> Iterator[list[socket.socket]]:
    """A thousand connections, each of which asked once and is kept."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))
    try:
        with ExitStack() as stack:
            address = (edge.address, 8080)
            held = []
            for _ in range(IDLE):
                held.append(stack.enter_context(socket.create_connection(address, timeout=30)))
                held[-1].sendall(HEALTH)  # at once: who has not asked within two seconds is not kept
            answers = {connection.recv(65536).split(b"\r\n")[0] for connection in held}
            assert answers <= {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"}
            yield held
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def once(connection: socket.socket) -> bool:
    """Whether the connection serves a request."""
    connection.sendall(HEALTH)
    return connection.recv(65536).startswith((b"HTTP/1.1 200", b"HTTP/1.1 503"))


def test_a_thousand_idle_connections_are_kept_and_requests_go_on(
    blue: Edge, key: str, idle: list[socket.socket]
) -> None:
    start = time.monotonic()
    assert [blue.complete(key).status for _ in range(20)] == [200] * 20
    # Longer than a client may take for headers, a body or a pause: being idle is none of these.
    time.sleep(max(0.0, 3 - (time.monotonic() - start)))
    current = next(line for line in blue.tell("show info").splitlines() if line.startswith("CurrConns:"))
    assert int(current.split()[1]) >= IDLE
    assert all(once(connection) for connection in idle[:: IDLE // 50])


def test_the_figures_count_what_was_refused(blue: Edge) -> None:
    def refused() -> float:
        text = blue.host.check_output("curl --silent --fail http://127.0.0.1:8404/metrics")
        name = 'haproxy_frontend_http_responses_total{proxy="edge",code="4xx"}'
        return float(next(line for line in text.splitlines() if line.startswith(name)).split()[-1])

    before = refused()
    for _ in range(3):
        blue.ask("/v1/models")
    # Connections of earlier tests may still end in one.
    wait(lambda: refused() >= before + 3, "three refusals more")
