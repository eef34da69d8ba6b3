"""Docker from a repository of Docker's kind, in place of Debian's."""

from __future__ import annotations

import json

from testinfra.host import Host


def test_the_packages_are_the_repositorys(host: Host) -> None:
    for name in ("docker-ce", "docker-ce-cli", "containerd.io"):
        assert host.package(name).version == "5:99.0.1"
    for name in ("docker.io", "containerd"):
        assert not host.package(name).is_installed


def test_its_key_is_trusted_for_it_alone(host: Host) -> None:
    source = host.file("/etc/apt/sources.list.d/airlift-docker.sources").content_string.splitlines()
    assert "Signed-By: /etc/apt/keyrings/airlift-docker.asc" in source
    assert "A repository" not in host.check_output("ls /etc/apt/trusted.gpg.d")
    key = host.file("/etc/apt/keyrings/airlift-docker.asc")
    assert key.mode == 0o644
    assert "-----BEGIN PGP PUBLIC KEY BLOCK-----" in key.content_string
    assert host.run("test -e /etc/apt/trusted.gpg").rc == 1


def test_the_daemon_that_runs_is_the_installed_one_and_as_hard_as_before(host: Host) -> None:
    binary = host.check_output("readlink /proc/$(systemctl show --value -p MainPID docker)/exe")
    assert binary == "/usr/sbin/dockerd"
    found = json.loads(host.check_output("docker info --format '{{json .}}'"))
    assert found["ServerVersion"] == host.check_output("dockerd --version").split()[2].rstrip(",")
    assert found["LiveRestoreEnabled"] is True
    assert "name=no-new-privileges" in found["SecurityOptions"]
    assert host.service("docker").is_enabled


def test_it_runs_a_container(host: Host) -> None:
    host.check_output("tar -C /usr -c bin/busybox | docker import - probe")
    assert host.check_output("docker run --rm probe /bin/busybox echo it runs") == "it runs"
    host.check_output("docker rmi probe")
