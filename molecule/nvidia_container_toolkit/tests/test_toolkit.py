"""What the role nvidia_container_toolkit leaves on a host with a GPU, which is a fake one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from testinfra.host import Host

VERSION = "1.20.1-1"
SPECIFICATION = "/var/run/cdi/nvidia.yaml"
DRIVER = "/srv/machine/proc/driver/nvidia/version"


@pytest.fixture
def image(host: Host) -> Iterator[str]:
    """An image of one program."""
    host.check_output("tar -C /usr -c bin/busybox | docker import - probe")
    yield "probe"
    host.check_output("docker rmi --force probe")


def docker_version(host: Host) -> int:
    """Return Docker's major version."""
    return int(host.check_output("docker version --format '{{.Server.Version}}'").split(".")[0])


@pytest.mark.parametrize(
    "name",
    [
        "libnvidia-container1",
        "libnvidia-container-tools",
        "nvidia-container-toolkit",
        "nvidia-container-toolkit-base",
    ],
)
def test_every_part_is_of_the_pinned_version_and_stays_there(host: Host, name: str) -> None:
    assert host.package(name).version == VERSION
    assert "1.21.0-1" in host.check_output(f"apt-cache madison {name}")
    assert f"Candidate: {VERSION}" in host.check_output(f"apt-cache policy {name}")


def test_the_repositorys_key_is_the_pinned_one(host: Host) -> None:
    key = host.file("/etc/apt/keyrings/airlift-nvidia-container-toolkit.asc")
    assert (key.user, key.mode) == ("root", 0o644)
    shown = host.check_output("gpg --batch --with-colons --show-keys %s", key.path)
    assert host.file("/srv/apt/fingerprint").content_string.strip() in shown
    assert shown.count("pub:") == 1
    assert host.run("ls /etc/apt/trusted.gpg.d/*nvidia*").rc != 0


def test_the_specification_names_the_driver_and_the_device(host: Host) -> None:
    text = host.file(SPECIFICATION).content_string
    assert "libcuda.so.550.163.01" in text
    assert "path: /dev/nvidia0" in text


def test_the_device_has_its_link_for_systemd(host: Host) -> None:
    assert host.file("/dev/char/1:3").is_symlink


def test_units_start_at_boot_and_before_docker(host: Host) -> None:
    assert host.service("airlift-nvidia-cdi.service").is_enabled
    assert host.service("airlift-nvidia-cdi.path").is_enabled
    assert host.service("airlift-nvidia-cdi.path").is_running
    before = host.check_output("systemctl show --property Before --value airlift-nvidia-cdi.service")
    assert "docker.service" in before.split()


def test_a_driver_that_changes_is_noticed(host: Host) -> None:
    """ldconfig runs when a library comes or goes, and its cache is what is watched."""
    original = host.file(DRIVER).content_string
    try:
        host.check_output(f"sed -i s/550.163.01/570.86.15/ {DRIVER} && touch /etc/ld.so.cache")
        assert wait_for(host, "libcuda.so.570.86.15")
        # What changes while the specification is being made is the next change's business.
        idle = "systemctl show -P ActiveState airlift-nvidia-cdi.service | grep -q inactive"
        host.check_output(f"until {idle}; do sleep 0.1; done")
    finally:
        host.check_output("printf '%%s' %s > %s", original, DRIVER)
        host.check_output("touch /etc/ld.so.cache")
    assert wait_for(host, "libcuda.so.550.163.01")


def wait_for(host: Host, text: str) -> bool:
    """Wait until the specification has a text."""
    for _ in range(150):
        if text in host.file(SPECIFICATION).content_string:
            return True
        time.sleep(0.2)
    return False


def test_docker_is_told_by_the_role_that_owns_its_configuration(host: Host) -> None:
    stored = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert stored["live-restore"] is True
    assert stored["features"] == {"buildkit": True, "cdi": True}
    runtimes = json.loads(host.check_output("docker info --format '{{json .Runtimes}}'"))
    wanted = None if docker_version(host) >= 25 else "/usr/bin/nvidia-container-runtime"
    assert runtimes.get("nvidia", {}).get("path") == wanted


def test_the_runtime_takes_devices_from_cdi(host: Host) -> None:
    assert 'mode = "cdi"' in host.file("/etc/nvidia-container-runtime/config.toml").content_string


def test_a_container_gets_the_device(host: Host, image: str) -> None:
    """By Docker itself from version 25 on; before it, only that the runtime starts containers is seen."""
    with_cdi = docker_version(host) >= 25
    how = "--device nvidia.com/gpu=all" if with_cdi else "--runtime nvidia"
    run = f"docker run --rm --network none {how} {image} /bin/busybox"
    if with_cdi:
        assert "1,   3" in host.check_output(f"{run} ls -l /dev/nvidia0")
        assert "libcuda.so.550.163.01" in host.check_output(f"{run} env")
    else:
        assert host.check_output(f"{run} echo started") == "started"
