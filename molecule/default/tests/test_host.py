"""A host with all its roles: Docker, the edge proxy and the release agent fit together."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from testinfra.host import Host

HEALTH = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/health"
# What a release does first: an engine that is healthy, published where HAProxy looks for blue.
ENGINE = (
    "mkdir -p /opt/www && echo ok > /opt/www/health && "
    "tar -C /usr -c bin/busybox | docker import - engine && "
    "docker run --detach --name engine --read-only --volume /opt/www:/www:ro --publish 127.0.0.1:8001:8000 "
    "engine /bin/busybox httpd -f -p 8000 -h /www"
)


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, for a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


@pytest.mark.parametrize("unit", ["ssh", "docker", "haproxy", "airlift-converge.timer"])
def test_services_run_and_start_at_boot(host: Host, unit: str) -> None:
    assert host.service(unit).is_running, host.run("journalctl --no-pager -n 40 -u %s", unit).stdout
    assert host.service(unit).is_enabled


def test_the_edge_finds_an_engine_that_docker_runs_and_misses_it_when_it_is_gone(host: Host) -> None:
    assert host.check_output(HEALTH) == "503"
    host.check_output(ENGINE)
    wait(lambda: host.check_output(HEALTH) == "200", "the edge does not find the engine")
    host.check_output("docker rm --force --volumes engine && docker rmi engine && rm -r /opt/www")
    wait(lambda: host.check_output(HEALTH) == "503", "the edge does not miss the engine")


def test_the_agent_finds_its_configuration_and_the_edge(host: Host) -> None:
    assert host.check_output("airlift-release status") == "Nothing has been applied yet."
    look = "import docker, boto3; print(docker.from_env().ping())"
    assert host.check_output(f'python3 -c "{look}"') == "True"
    ask = "echo 'show servers state engine' | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock"
    servers = host.check_output(ask)
    assert {"blue", "green"} <= set(servers.split())
