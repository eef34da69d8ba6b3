"""What the edge does with the requests it lets in, whatever happens to it and to the engines meanwhile."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import pairwise
from typing import Any

from edge_client import BLUE, GREEN, IN_MAINTENANCE, IN_USE, MESSAGES, MODEL, Edge, wait


def stream(edge: Edge, key: str, chunks: int, interval_seconds: float) -> list[float]:
    """Read a streamed completion to its end; return when each event came, from the first one on."""
    body = {"model": MODEL, "stream": True, "chunks": chunks, "interval_seconds": interval_seconds}
    arrivals: list[float] = []
    with closing(edge.connect()) as connection:
        headers = {"Authorization": f"Bearer {key}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        assert response.status == 200
        last = b""
        while line := response.readline():
            if line.startswith(b"data: "):
                arrivals.append(time.monotonic())
                last = line.strip()
    assert last == b"data: [DONE]"
    return arrivals


def test_a_stream_arrives_as_it_is_made(blue: Edge, key: str) -> None:
    arrivals = stream(blue, key, chunks=5, interval_seconds=0.4)
    assert len(arrivals) == 6
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert sum(gaps) > 1.2, f"most of it was held back: {gaps}"
    # A busy machine may be late once, and what was late comes together with what follows.
    assert 0.2 < statistics.median(gaps) < 0.9, gaps


def test_an_engine_that_thinks_longer_than_a_client_may_stall_is_waited_for(blue: Edge, key: str) -> None:
    assert blue.complete(key, delay_seconds=4).status == 200


def test_the_key_stops_at_the_edge_and_the_trace_does_not(blue: Edge, key: str) -> None:
    # In the address it does not belong, and does not help.
    answer = blue.ask(
        f"/v1/chat/completions?key={key}",
        key,
        {"model": MODEL, "messages": MESSAGES},
        headers={"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678", "X-Api-Key": key},
    )
    assert answer.headers["x-engine-path"] == "/v1/chat/completions"
    seen = answer.headers["x-engine-saw"].split(",")
    assert {"authorization", "x-api-key"} & set(seen) == set()
    assert {"x-amzn-trace-id", "x-request-id"} <= set(seen)
    assert len(answer.headers["x-request-id"]) == 36


def logged(edge: Edge, trace: str) -> dict[str, Any]:
    """Wait for the entry of the request whose trace id begins so: it is written after the answer is sent.

    Every line of the journal that begins as an entry must be one.
    """
    found: list[dict[str, Any]] = []

    def look() -> bool:
        lines = edge.host.check_output("journalctl --sync; journalctl -u haproxy -o cat --no-pager -n 60")
        entries = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        found[:] = [entry for entry in entries if entry["trace_id"].startswith(trace)]
        return bool(found)

    wait(look, f"the entry of {trace}")
    return found[-1]


def test_whatever_a_client_sends_an_entry_of_the_log_is_json(blue: Edge, key: str) -> None:
    marks = {"X-Amzn-Trace-Id": 'Root="\\' + "x" * 3000, "X-Forwarded-For": '"}{' + "y" * 3000}
    blue.ask("/" + "x" * 12_000, key, headers={"X-Amzn-Trace-Id": "long" + "z" * 3000})
    blue.ask("/v1/chat/completions", key, {"model": '"\n\\' + "z" * 5000}, headers=marks)
    with closing(blue.connect()) as connection:
        connection.connect()
        connection.sock.sendall(b'GET /"\\x7f\xff HTTP/1.1\r\nHost: x\r\n\r\n')
        connection.sock.recv(65536)
    assert len(logged(blue, "long")["path"]) == 512
    odd = logged(blue, 'Root="\\')
    assert odd["model"].startswith('"\n\\z')
    assert odd["status"] == 404


def test_the_access_log_says_who_and_how_long_but_never_the_key(
    blue: Edge, new_key: Callable[[str], str]
) -> None:
    key, trace = new_key("who"), "Root=1-67891233-000000000000000000000001"
    blue.ask(
        "/v1/models", key, headers={"X-Amzn-Trace-Id": trace, "X-Forwarded-For": "9.9.9.9, 198.51.100.7"}
    )
    blue.ask(f"/v1/chat/completions?key={key}", key, {"model": "wrong"})
    refused = "Root=1-67891233-000000000000000000000002"
    blue.ask("/v1/models", key + "x", headers={"X-Amzn-Trace-Id": refused})
    entry = logged(blue, trace)
    assert entry["key_id"] == "who"
    assert (entry["status"], entry["method"], entry["path"]) == (200, "GET", "/v1/models")
    assert entry["client"] == "198.51.100.7"
    assert entry["server"] == "blue"
    assert entry["response_bytes"] > 0
    assert {"queue_ms", "first_byte_ms", "total_ms", "request_id"} <= entry.keys()
    assert logged(blue, refused)["status"] == 401
    assert "health" not in blue.host.check_output("journalctl -u haproxy -o cat --no-pager -n 20")
    assert key not in blue.host.check_output("journalctl --no-pager")


def test_requests_beyond_what_an_engine_works_on_wait_in_the_queue(blue: Edge, key: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: blue.complete(key, delay_seconds=0.3), range(8)))
    assert [answer.status for answer in answers] == [200] * 8


def busy(edge: Edge) -> tuple[int, int]:
    """Return how many requests blue works on, and how many wait for a place at an engine."""
    lines = [line.split(",") for line in edge.tell("show stat").splitlines() if line]
    rows = [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]
    figures = {row["svname"]: row for row in rows if row["# pxname"] == "engine"}
    return int(figures["blue"]["scur"]), int(figures["BACKEND"]["qcur"])


def test_a_client_that_leaves_gives_back_its_place_in_the_queue_and_at_the_engine(
    blue: Edge, key: str
) -> None:
    blue.tell("set server engine/green state maint")
    body = json.dumps({"model": MODEL, "messages": MESSAGES, "delay_seconds": 6}).encode()
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(blue.connect())) for _ in range(3)]
        for client in clients:
            client.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {key}"})
        wait(lambda: busy(blue) == (2, 1), "two are worked on, one waits", 5)
        clients[2].close()
        wait(lambda: busy(blue)[1] == 0, "who left the queue is gone from it", 3)
        for client in clients[:2]:
            client.close()
        wait(lambda: busy(blue) == (0, 0), "who left the engine is gone from it", 3)


class Load:
    """Completions without a pause, on two connections, until stopped. Each connection is kept.

    The keys are many, so that none exceeds its rate.
    """

    def __init__(self, edge: Edge, new_key: Callable[[str], str]) -> None:
        self._edge, self._keys = edge, [new_key(f"load-{number}") for number in range(40)]
        self._stop = threading.Event()
        self.engines: list[str] = []
        self.failures: list[str] = []

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        connection = self._edge.connect()
        for turn in range(900):
            if self._stop.is_set():
                break
            key = self._keys[(2 * turn + number) % len(self._keys)]
            headers = {"Authorization": f"Bearer {key}"}
            try:
                body = json.dumps({"model": MODEL, "messages": MESSAGES})
                connection.request("POST", "/v1/chat/completions", body, headers)
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.failures.append(str(response.status))
                self.engines.append(response.headers.get("X-Engine", ""))
            except OSError as error:
                self.failures.append(repr(error))
                connection.close()
            time.sleep(0.02)
        connection.close()


def test_a_reload_loses_no_request_and_cuts_no_stream(
    blue: Edge, key: str, new_key: Callable[[str], str]
) -> None:
    with ThreadPoolExecutor(1) as pool, Load(blue, new_key) as load:
        # Silent for longer at a time than a client may be: the stream lives in a process that was told to go.
        streamed = pool.submit(stream, blue, key, 3, 2.5)
        for _ in range(3):
            time.sleep(1)
            blue.host.check_output("systemctl reload haproxy")
        assert len(streamed.result()) == 4
    assert load.failures == []
    assert len(load.engines) > 50


def test_a_switch_of_colours_loses_no_request(blue: Edge, new_key: Callable[[str], str]) -> None:
    blue.tell("set server engine/green state maint")
    blue.start_engine_unused(GREEN)
    with Load(blue, new_key) as load:
        time.sleep(0.5)
        blue.tell("set server engine/green state ready")
        blue.wait_state(GREEN, IN_USE)
        blue.tell("set server engine/blue state drain")
        time.sleep(0.5)
        blue.tell("set server engine/blue state maint")
        blue.host.check_output(f"systemctl stop fake-engine@{BLUE}")
        time.sleep(0.5)
    assert load.failures == []
    assert load.engines[0] == str(BLUE)
    assert load.engines[-1] == str(GREEN)


def test_an_engine_that_dies_is_replaced_by_the_other(blue: Edge, key: str) -> None:
    blue.start_engine(GREEN)
    blue.host.check_output(f"systemctl kill --signal=KILL fake-engine@{BLUE}")
    assert [blue.complete(key).status for _ in range(10)] == [200] * 10


def test_maintenance_survives_a_reload_and_a_restart(blue: Edge) -> None:
    blue.tell("set server engine/green state maint")
    for verb in ("reload", "restart"):
        blue.renew(verb)
        blue.wait_state(BLUE, IN_USE)
        assert blue.state("green") == IN_MAINTENANCE, verb
