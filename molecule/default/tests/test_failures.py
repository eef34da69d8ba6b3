"""What fails around a host that serves: it goes on, or is back with no hand (docs/runbooks/failures.md)."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from edge_client import BLUE, DOWN, IN_USE, MODEL, Edge, wait, wait_on_host
from host_address import host_address
from testinfra.host import Host

# An engine as the agent would start it. It runs the host's own Python: no registry is asked for an image.
ENGINE = (
    "mkdir -p /opt/rootfs && cd /opt/rootfs && for dir in bin lib lib64; do ln -sfn usr/$dir $dir; done && "
    "tar -c . | docker import - drill && docker run --detach --name airlift-blue --restart unless-stopped "
    "--network host --volume /usr:/usr:ro --volume /opt:/opt:ro drill "
    f"/usr/bin/python3 /opt/fake_engine.py --name blue --port {BLUE}"
)
PARAMETERS = "AWS_ENDPOINT_URL=http://parameters.test:4566"
AGENT = f"env AWS_ACCESS_KEY_ID=LKIAMOLECULE AWS_SECRET_ACCESS_KEY=opens-nothing {PARAMETERS} airlift-release"
CONVERGE = "systemctl start --no-block airlift-converge.service"


@dataclass
class Serving:
    """A host that serves, and a key to it."""

    edge: Edge
    key: str = field(default_factory=lambda: f"al-{secrets.token_urlsafe(32)}")

    @property
    def host(self) -> Host:
        return self.edge.host

    def started(self) -> str:
        """When the engine's container was started."""
        look: str = self.host.check_output("docker inspect --format '{{.State.StartedAt}}' airlift-blue")
        return look

    def answers(self) -> bool:
        try:
            return self.edge.complete(self.key).status == 200
        except OSError:
            return False

    @contextmanager
    def without_a_failure(self) -> Iterator[None]:
        """Ask again and again meanwhile; every answer must be a completion."""
        stop, failures = threading.Event(), list[str]()
        asked = 0

        def ask() -> None:
            nonlocal asked
            while not stop.wait(0.1):
                asked += 1
                try:
                    status = self.edge.complete(self.key).status
                except OSError as error:
                    failures.append(repr(error))
                else:
                    failures.extend([str(status)] if status != 200 else [])

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert failures == []
        assert asked > 3


@pytest.fixture(scope="module")
def serving(host: Host) -> Iterator[Serving]:
    serving = Serving(Edge(host, host_address(host)))
    host.check_output(ENGINE)
    serving.edge.remember("models.map", MODEL, "1")
    serving.edge.remember("keys.map", hashlib.sha256(serving.key.encode()).hexdigest(), "drill")
    serving.edge.wait_state(BLUE, IN_USE)
    yield serving
    host.check_output("docker rm --force airlift-blue && docker rmi drill && rm -r /opt/rootfs")
    serving.edge.wait_state(BLUE, DOWN)


@pytest.fixture
def released(host: Host) -> Iterator[None]:
    """A parameter store that says: nothing is released."""
    host.check_output("printf '%s' '{\"schema\": 1, \"release\": null}' > /run/fake-parameter")
    host.check_output("systemd-run --unit=fake-parameters /usr/bin/python3 /opt/fake_parameters.py")
    host.check_output("echo '127.0.0.1 parameters.test' >> /etc/hosts")
    wait_on_host(host, f"{AGENT} apply", "the agent finds its parameter")
    yield
    host.check_output("systemctl stop fake-parameters; rm /run/fake-parameter")


def test_docker_stopped_is_started_again_and_nobody_notices(serving: Serving) -> None:
    before = serving.started()
    # Its run now is over: the next comes a minute later, and does not cancel the stop.
    serving.host.run("systemctl start airlift-converge.service")
    with serving.without_a_failure():
        serving.host.check_output("systemctl stop docker.socket docker.service")
        assert not serving.host.service("docker").is_running
        # Nobody helps: the timer of the release agent runs every minute, and its service needs Docker.
        wait_on_host(serving.host, "systemctl is-active docker", "Docker is started", 120)
    assert serving.started() == before, "the engine went on"


def test_docker_killed_is_started_again_and_nobody_notices(serving: Serving) -> None:
    before = serving.started()
    with serving.without_a_failure():
        serving.host.check_output("systemctl kill --signal=KILL docker")
        wait_on_host(serving.host, "docker info", "Docker is back")
    assert serving.started() == before, "the engine went on"


def test_an_engine_killed_in_a_stream_breaks_it_openly_and_comes_back(serving: Serving) -> None:
    body = {"model": MODEL, "stream": True, "chunks": 300, "interval_seconds": 0.1}
    with closing(serving.edge.connect()) as connection:
        headers = {"Authorization": f"Bearer {serving.key}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        assert response.readline().startswith(b"data: ")
        pid = serving.host.check_output("docker inspect --format '{{.State.Pid}}' airlift-blue")
        serving.host.check_output(f"kill -9 {pid}")
        # A client must be able to tell a broken answer from a finished one.
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
    wait(serving.answers, "Docker starts the engine again", 60)


@pytest.mark.parametrize("how", ["systemctl kill --signal=KILL haproxy", "systemctl stop haproxy"])
def test_an_edge_that_is_gone_comes_back(serving: Serving, how: str) -> None:
    serving.host.check_output(how)
    wait(lambda: serving.host.run(CONVERGE) is not None and serving.answers(), "the edge is back", 60)


@pytest.fixture
def full_disk(serving: Serving) -> Iterator[Serving]:
    """No room where the agent and the edge write."""
    folders = ("/var/lib/airlift", "/var/lib/airlift-edge")
    for folder in folders:
        serving.host.check_output(f"mount -t tmpfs -o size=4k,nr_inodes=1 full {folder}")
    yield serving
    for folder in folders:
        serving.host.run(f"umount {folder}")


@pytest.mark.usefixtures("released")
def test_a_full_disk_is_a_sentence_and_no_outage(full_disk: Serving) -> None:
    host = full_disk.host
    with full_disk.without_a_failure():
        failed = host.run(f"{AGENT} apply")
        assert failed.rc == 1
        assert failed.stderr.startswith("No space left on device: "), failed.stderr
        assert "Traceback" not in failed.stderr
        # A reload that could not keep the servers' state is refused; what runs goes on.
        assert host.run("systemctl reload haproxy").rc != 0
        host.check_output("umount /var/lib/airlift /var/lib/airlift-edge")
        host.check_output(f"{AGENT} apply")
        host.check_output("systemctl reload haproxy")


@pytest.mark.usefixtures("released")
def test_without_dns_a_host_goes_on_and_the_agent_says_so(serving: Serving) -> None:
    host = serving.host
    host.check_output("cp /etc/resolv.conf /opt/resolv.conf && cp /etc/hosts /opt/hosts")
    with serving.without_a_failure():
        host.check_output(
            "echo nameserver 127.0.0.99 > /etc/resolv.conf && grep -v parameters.test /opt/hosts > /etc/hosts"
        )
        failed = host.run(f"{AGENT} apply")
        assert failed.rc == 1
        assert "Failed to read parameter /molecule/release" in failed.stderr
        assert "Traceback" not in failed.stderr
        host.check_output("systemctl reload haproxy")
        host.check_output("cat /opt/resolv.conf > /etc/resolv.conf && cat /opt/hosts > /etc/hosts")
        host.check_output(f"{AGENT} apply")
