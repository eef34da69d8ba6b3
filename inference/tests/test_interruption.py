"""What the watcher of a spot host does, against a metadata service over HTTP that a test can change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inference.agent.airlift_agent.config import Config
from inference.agent.airlift_agent.errors import DeliveryError
from inference.agent.airlift_agent.imds import Metadata
from inference.agent.airlift_agent.interruption import LIFE_CYCLE, NOTICE, RECOMMENDATION, Watcher, watch
from inference.agent.airlift_agent.proxy import Proxy

TOKEN_HEADER = "X-aws-ec2-metadata-token"
DOCUMENT = '{"action": "terminate", "time": "2026-01-01T00:02:00Z"}'


@dataclass
class Service:
    """The metadata service: what it says, and which token it takes."""

    url: str
    says: dict[str, str] = field(default_factory=lambda: {LIFE_CYCLE: "spot"})
    token: str = "first"
    broken: bool = False


@pytest.fixture(name="service")
def metadata_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._answer(200, service.token)

        def do_GET(self) -> None:
            if service.broken:
                return self._answer(500, "")
            if self.headers[TOKEN_HEADER] != service.token:
                return self._answer(401, "")
            text = service.says.get(self.path.removeprefix("/latest/meta-data/"))
            return self._answer(404 if text is None else 200, text or "")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


class Edge(Proxy):
    """HAProxy's map without HAProxy, which can be down."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "no.sock", folder / "servers")
        self.entries: Mapping[str, str] = {}
        self.down = False

    def map(self, path: Path) -> Mapping[str, str]:
        if self.down:
            raise DeliveryError("HAProxy does not answer.")
        return self.entries

    def replace_map(self, path: Path, entries: Mapping[str, str]) -> None:
        self.entries = dict(entries)


@dataclass
class Host:
    watcher: Watcher
    edge: Edge
    file: Path
    said: list[str]


@pytest.fixture
def host(service: Service, tmp_path: Path) -> Host:
    config = Config("airlift", "us-east-1", maps_directory=str(tmp_path), haproxy_group="root")
    edge, said = Edge(tmp_path), list[str]()
    return Host(Watcher(config, Metadata(), edge, said.append), edge, config.host_map, said)


def test_a_notice_is_said_once_and_the_edge_says_it_from_then_on(service: Service, host: Host) -> None:
    assert not host.watcher.look()
    assert host.edge.entries == {}
    service.says[NOTICE] = DOCUMENT
    for _ in range(3):
        assert host.watcher.look()
    assert host.edge.entries == {"leaving": "1"}
    assert host.file.read_text() == "leaving 1\n", "a restart of HAProxy keeps it"
    assert host.said == [
        f"This spot instance will be taken away: {DOCUMENT}.",
        "/health answers 503 from now on.",
    ]


def test_an_instance_that_was_stopped_and_started_comes_back(service: Service, host: Host) -> None:
    host.edge.entries = {"leaving": "1"}
    assert not host.watcher.look()
    assert host.edge.entries == {}
    assert host.file.read_text() == ""


def test_a_recommendation_is_no_notice(service: Service, host: Host) -> None:
    service.says[RECOMMENDATION] = '{"noticeTime": "2026-01-01T00:00:00Z"}'
    for _ in range(2):
        assert not host.watcher.look()
    assert host.edge.entries == {}
    assert len(host.said) == 1
    assert "elevated risk" in host.said[0]


def test_what_is_not_known_changes_nothing(service: Service, host: Host) -> None:
    service.says[NOTICE] = DOCUMENT
    host.watcher.look()
    service.broken = True
    for _ in range(2):
        host.watcher.look()
    assert host.edge.entries == {"leaving": "1"}
    assert host.said[2:] == [f"The metadata service answered 500 for {NOTICE}."]


def test_an_edge_that_is_down_is_told_when_it_is_back(service: Service, host: Host) -> None:
    service.says[NOTICE] = DOCUMENT
    host.edge.down = True
    for _ in range(2):
        host.watcher.look()
    assert host.said.count("HAProxy does not answer.") == 1
    host.edge.down = False
    host.watcher.look()
    assert host.edge.entries == {"leaving": "1"}


def test_a_token_that_has_expired_is_asked_for_anew(service: Service, host: Host) -> None:
    assert host.watcher.spot() is True
    service.token = "second"
    service.says[NOTICE] = DOCUMENT
    assert host.watcher.look()


def test_on_demand_hosts_are_left_alone(service: Service, host: Host) -> None:
    service.says[LIFE_CYCLE] = "on-demand"
    service.says[NOTICE] = DOCUMENT
    pauses: list[float] = []
    assert watch(host.watcher, pauses.append, host.said.append) == 0
    assert pauses == []
    assert host.edge.entries == {}


def test_a_service_that_does_not_answer_yet_is_waited_for(
    host: Host, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    service.broken = True
    service.says[LIFE_CYCLE] = "on-demand"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        service.broken = len(pauses) < 3

    assert watch(host.watcher, sleep, host.said.append) == 0
    assert pauses == [5, 5, 5]
    assert len(host.said) == 2
