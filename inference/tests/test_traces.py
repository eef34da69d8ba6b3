"""X-Ray segments out of the edge's log."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.agent.airlift_agent.trace_segments import Sampler, Trace, of, parse, segment
from inference.agent.airlift_agent.trace_sender import Datagrams, Outbox, segments

ROOT = "1-67891233-abcdef012345678912345678"
ENDED = 1_700_000_010.5
ENTRY: dict[str, Any] = {
    "request_id": "7b0d4b1c-0000-4000-8000-000000000001",
    "trace_id": f"Root={ROOT};Sampled=1",
    "client": "203.0.113.9",
    "key_id": "k1",
    "method": "POST",
    "path": "/v1/chat/completions",
    "model": "smollm2",
    "status": 200,
    "server": "blue",
    "queue_ms": 500,
    "connect_ms": 1,
    "first_byte_ms": 120,
    "total_ms": 2500,
    "response_bytes": 900,
    "termination": "--",
}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Root={ROOT}", Trace(ROOT)),
        (f"Self=1-67891234-12456789abcdef0123456789;Root={ROOT}", Trace(ROOT)),
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", Trace(ROOT, "53995c3f42cd8ad8", True)),
        (f"Root={ROOT}; Sampled=0", Trace(ROOT, None, False)),
        (f"Root={ROOT};Sampled=?", Trace(ROOT)),
        (f"Root={ROOT};Parent=no", Trace(ROOT)),
        (f"Root={ROOT.upper()}", None),
        ("CalledFrom=app", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header_is_read_as_aws_writes_it(header: object, expected: Trace | None) -> None:
    assert parse(header) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_the_reader(text: str) -> None:
    found = parse(text)
    assert found is None or re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", found.root)


def test_a_segment_has_the_edges_time_and_inside_it_the_engines() -> None:
    found = segment(ENTRY, Trace(ROOT, "53995c3f42cd8ad8"), ENDED, "demo")
    assert (found["trace_id"], found["parent_id"], found["name"]) == (ROOT, "53995c3f42cd8ad8", "demo-edge")
    assert (found["start_time"], found["end_time"]) == (ENDED - 2.5, ENDED)
    (engine,) = found["subsegments"]
    assert (engine["name"], engine["namespace"]) == ("demo-engine", "remote")
    assert (engine["start_time"], engine["end_time"]) == (ENDED - 2.0, ENDED), "it waited half a second"
    for part in (found, engine):
        assert re.fullmatch(r"[0-9a-f]{16}", part["id"])
        assert part["http"]["response"] == {"status": 200}
        assert not {"error", "fault", "throttle"} & set(part)
    assert found["id"] != engine["id"]
    assert found["annotations"]["key_id"] == "k1"
    json.dumps(found)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(404, {"error"}), (429, {"error", "throttle"}), (503, {"fault"}), (-1, {"fault"}), (200, set())],
)
def test_a_failure_is_called_what_x_ray_calls_it(status: int, verdict: set[str]) -> None:
    found = segment({**ENTRY, "status": status}, Trace(ROOT), ENDED, "demo")
    assert {"error", "fault", "throttle"} & set(found) == verdict


def test_a_request_that_no_engine_saw_has_no_engines_part() -> None:
    refused = {
        **ENTRY,
        "status": 401,
        "server": "<NOSRV>",
        "queue_ms": -1,
        "total_ms": 0,
        "key_id": "-",
        "client": "-",
    }
    found = segment(refused, Trace(ROOT), ENDED, "demo")
    assert "subsegments" not in found
    assert "key_id" not in found["annotations"]
    assert "client_ip" not in found["http"]["request"]
    assert found["start_time"] == found["end_time"] == ENDED


@given(
    st.fixed_dictionaries(
        {name: st.integers(-1, 10**7) for name in ("queue_ms", "first_byte_ms", "total_ms", "status")}
    )
)
def test_no_part_ends_before_it_starts_or_outside_the_whole(figures: dict[str, int]) -> None:
    found = segment({**ENTRY, **figures}, Trace(ROOT), ENDED, "demo")
    (engine,) = found["subsegments"]
    assert found["start_time"] <= engine["start_time"] <= engine["end_time"] <= found["end_time"]


def test_what_the_header_decides_is_decided() -> None:
    sampler = Sampler(share=0.0)
    assert all(sampler.takes(Trace(ROOT, sampled=True), 5.0) for _ in range(5))
    assert not any(Sampler(share=1.0).takes(Trace(ROOT, sampled=False), second) for second in range(5))


def test_where_nobody_decided_the_first_of_each_second_and_a_share() -> None:
    traces = [Trace(f"1-67891233-{number:024x}") for number in range(4000)]
    none = Sampler(share=0.0)
    assert sum(none.takes(trace, 7.0 + number / 2000) for number, trace in enumerate(traces)) == 2
    share = Sampler(share=0.05)
    assert 140 <= sum(share.takes(trace, 7.0) for trace in traces) <= 260
    others = Sampler(share=0.05)
    others.takes(traces[0], 7.0)
    share.takes(traces[0], 7.0)
    assert [share.takes(trace, 7.0) for trace in traces] == [others.takes(trace, 7.0) for trace in traces]


def test_who_has_no_key_does_not_decide_that_he_is_traced() -> None:
    nobody = {**ENTRY, "key_id": "-"}
    assert of(ENTRY) == Trace(ROOT, sampled=True)
    assert of(nobody) == Trace(ROOT, sampled=None)
    assert of({**nobody, "trace_id": f"Root={ROOT};Sampled=0"}) == Trace(ROOT, sampled=False)


def journal(entry: object) -> str:
    return json.dumps({"MESSAGE": json.dumps(entry), "__REALTIME_TIMESTAMP": str(int(ENDED * 1_000_000))})


def test_of_the_journal_only_requests_with_a_trace_are_taken() -> None:
    untraced, unsampled = {**ENTRY, "trace_id": None}, {**ENTRY, "trace_id": f"Root={ROOT};Sampled=0"}
    lines = [
        "not JSON",
        json.dumps({"MESSAGE": "[NOTICE] Loading success.", "__REALTIME_TIMESTAMP": "1"}),
        json.dumps({"MESSAGE": None}),
        journal(7),
        journal(untraced),
        journal(unsampled),
        journal(ENTRY),
    ]
    (document,) = segments(lines, "demo", Sampler(share=1.0))
    assert json.loads(document) == segment(ENTRY, Trace(ROOT), ENDED, "demo")


class Flaky:
    """Takes nothing the first times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sent: list[str] = []

    def send(self, documents: Sequence[str]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no way there")
        self.sent += documents


def test_what_is_not_taken_waits_and_arrives_once() -> None:
    sender = Flaky(2)
    outbox = Outbox(sender)
    documents = [f"document {number}" for number in range(60)]
    for document in documents:
        outbox.add(document)
    for _ in range(4):
        outbox.flush()
    assert sender.sent == documents


def test_an_agent_that_is_away_does_not_fill_the_memory() -> None:
    sender = Flaky(1)
    outbox = Outbox(sender)
    for number in range(3000):
        outbox.add(str(number))
    outbox.flush()
    outbox.flush()
    assert sender.sent == [str(number) for number in range(2000, 3000)]


def test_datagrams_are_what_the_daemons_protocol_asks_for() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        sender = Datagrams(listener.getsockname()[1])
        sender.send(['{"id": "1"}'])
        sender.close()
        head, _, document = listener.recv(65536).partition(b"\n")
    assert (json.loads(head), json.loads(document)) == ({"format": "json", "version": 1}, {"id": "1"})
