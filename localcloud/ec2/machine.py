"""The container that is an instance."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

from localcloud.backends import InstanceView
from localcloud.plane import Guest, Network
from localcloud.settings import INSTANCE_LABEL, VPC_LABEL, Settings

INIT = "/lib/systemd/systemd"
CGROUP_V1_WORDS = ("systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
"""What systemd must be told where the machine has control groups version 1."""


@dataclass(frozen=True)
class Machine:
    """All that is decided about a container before it is made."""

    name: str
    image: str
    hostname: str
    domain: str
    network: str
    address: str
    mac: str
    volume: str
    """Holds /var/lib/docker: overlayfs cannot lie on overlayfs."""
    labels: Mapping[str, str]
    hosts: Mapping[str, str]
    files: Mapping[str, str]
    """Path → text, put there before the first boot."""


def plan_machine(
    settings: Settings, view: InstanceView, image: str, network: Network, guests: Sequence[Guest]
) -> Machine:
    """What the instance's container is to be."""
    name = settings.container_name(view.id)
    hostname, _, domain = view.private_dns_name.partition(".")
    endpoint = f"http://{network.gateway}:{settings.port}"
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": view.region,
        "AWS_DEFAULT_REGION": view.region,
    }
    files = {
        "etc/localcloud/instance": f"{view.id}\n",
        "etc/environment": "".join(f"{key}={value}\n" for key, value in environment.items()),
        "etc/systemd/system.conf.d/50-localcloud.conf": "[Manager]\nDefaultEnvironment="
        + " ".join(f"{key}={value}" for key, value in environment.items())
        + "\n",
    }
    for guest in guests:
        for stem, pem in guest.certificates.items():
            files[f"usr/local/share/ca-certificates/{stem}.crt"] = pem
    return Machine(
        name=name,
        image=image,
        hostname=hostname,
        domain=domain,
        network=settings.network_name(view.vpc_id),
        address=view.private_ip,
        mac=view.mac,
        volume=volume_name(name),
        labels={**settings.labels, INSTANCE_LABEL: view.id, VPC_LABEL: view.vpc_id},
        hosts={name: address for guest in guests for name, address in guest.hosts.items()},
        files=files,
    )


def volume_name(container_name: str) -> str:
    """The volume at /var/lib/docker of a container."""
    return f"{container_name}-docker"


def has_cgroup_v1() -> bool:
    """Whether this machine's control groups are version 1, wholly or in part."""
    return not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def create(client: docker.DockerClient, machine: Machine) -> str:
    """Make the container and its volume without starting it; return the container's id."""
    client.api.create_volume(machine.volume, labels=dict(machine.labels))
    host_config = client.api.create_host_config(
        cap_add=["ALL"],
        cap_drop=["SYS_RESOURCE"],  # some machines lack it, and Docker then refuses
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="host",
        tmpfs={"/run": "", "/run/lock": ""},
        binds=["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{machine.volume}:/var/lib/docker"],
        extra_hosts=dict(machine.hosts),
        dns_opt=["timeout:2", "attempts:1"],  # cloud-init asks for names that cannot be, and waits
        network_mode=machine.network,
    )
    container = client.api.create_container(
        machine.image,
        command=[INIT, *(CGROUP_V1_WORDS if has_cgroup_v1() else ())],
        name=machine.name,
        hostname=machine.hostname,
        domainname=machine.domain,
        environment={"container": "docker"},
        labels=dict(machine.labels),
        tty=True,
        mac_address=machine.mac,
        stop_signal="SIGRTMIN+3",
        host_config=host_config,
        networking_config=client.api.create_networking_config(
            # the stubs want one endpoint, the library a mapping
            {machine.network: client.api.create_endpoint_config(ipv4_address=machine.address)}  # type: ignore[arg-type]
        ),
    )
    container_id = str(container["Id"])
    client.api.put_archive(container_id, "/", _archive(machine.files))
    return container_id


def _archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
