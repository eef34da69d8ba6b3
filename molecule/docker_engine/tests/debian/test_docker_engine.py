"""What Docker must be after the role docker_engine."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

import pytest
from testinfra.host import Host

RUN = (
    "docker run --detach --name probe --read-only --cap-drop ALL --user 10001:10001 --memory 64m "
    "--pids-limit 64 --publish 127.0.0.1:8001:8000 probe /bin/busybox httpd -f -p 8000"
)
ASK = "curl --silent --output /dev/null --write-out '%{http_code}' --retry 5 --retry-connrefused"
STATUS = f"{ASK} http://127.0.0.1:8001/"


@pytest.fixture(scope="module")
def probe(host: Host) -> Iterator[dict[str, object]]:
    """A container of one program, with what Docker says about it."""
    host.check_output("tar -C /usr -c bin/busybox | docker import - probe")
    host.check_output(RUN)
    found: list[dict[str, object]] = json.loads(host.check_output("docker inspect probe"))
    yield found[0]
    host.check_output("docker rm --force --volumes probe && docker rmi probe")


def test_daemon_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service("docker")
    assert service.is_running, host.run("journalctl -u docker --no-pager -n 50").stdout
    assert service.is_enabled


def test_daemon_is_hardened(host: Host) -> None:
    found = json.loads(host.check_output("docker info --format '{{json .}}'"))
    assert found["LiveRestoreEnabled"] is True
    assert found["Driver"] == "overlay2"
    assert found["LoggingDriver"] == "local"
    bridge = json.loads(host.check_output("docker network inspect bridge"))[0]
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "false"


def test_docker_is_ready_for_gpus(host: Host) -> None:
    """By CDI; Docker before version 25 by NVIDIA's runtime, which need not be there yet."""
    stored = json.loads(host.file("/etc/docker/daemon.json").content_string)
    version = int(host.check_output("docker version --format '{{.Server.Version}}'").split(".")[0])
    runtimes = json.loads(host.check_output("docker info --format '{{json .Runtimes}}'"))
    assert stored["features"] == {"cdi": True}
    assert ("nvidia" in runtimes) is (version < 25)


def test_networks_come_from_the_given_pool(host: Host) -> None:
    bridge = json.loads(host.check_output("docker network inspect bridge"))[0]
    subnet = ipaddress.IPv4Network(bridge["IPAM"]["Config"][0]["Subnet"])
    assert subnet.subnet_of(ipaddress.IPv4Network("192.168.224.0/20"))


def test_daemon_is_reached_by_its_socket_only(host: Host) -> None:
    socket = host.file("/run/docker.sock")
    assert (socket.user, socket.group, socket.mode) == ("root", "docker", 0o660)
    assert "dockerd" not in host.check_output("ss --tcp --listening --processes --no-header")


def test_a_container_serves_on_the_loopback_address_only(host: Host, probe: dict[str, object]) -> None:
    assert probe
    assert host.check_output(STATUS) == "404"
    assert host.socket("tcp://127.0.0.1:8001").is_listening
    assert not host.socket("tcp://0.0.0.0:8001").is_listening


def test_a_container_outlives_the_daemon(host: Host, probe: dict[str, object]) -> None:
    host.check_output("systemctl restart docker")
    after = json.loads(host.check_output("docker inspect probe"))[0]
    assert isinstance(probe["State"], dict)
    assert after["State"]["Pid"] == probe["State"]["Pid"]
    assert host.check_output(STATUS) == "404"


def test_no_container_gains_a_privilege(host: Host, probe: dict[str, object]) -> None:
    assert probe
    assert host.check_output("docker exec probe /bin/busybox grep NoNewPrivs /proc/1/status").split() == [
        "NoNewPrivs:",
        "1",
    ]
