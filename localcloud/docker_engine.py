"""The Docker engine of this machine, as far as localcloud uses it."""

from __future__ import annotations

from dataclasses import dataclass

import docker
import docker.errors
import requests.exceptions

from localcloud.errors import LocalcloudError
from localcloud.settings import INSTANCE_LABEL, LABEL, VPC_LABEL

TIMEOUT_SECONDS = 60


def connect() -> docker.DockerClient:
    """A client of the engine; raises LocalcloudError when it does not answer."""
    try:
        client = docker.from_env(timeout=TIMEOUT_SECONDS)
        client.ping()
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise LocalcloudError(
            f"Failed to reach the Docker engine: {error}.",
            "Install it (`apt-get install docker.io`) and start it (`systemctl start docker`).",
        ) from error
    return client


@dataclass(frozen=True)
class Container:
    """A container of ours, as the engine lists it."""

    id: str
    name: str
    instance_id: str
    vpc_id: str
    running: bool


def containers(client: docker.DockerClient, prefix: str) -> list[Container]:
    """Every container of one localcloud, also the stopped ones."""
    found = client.api.containers(all=True, filters={"label": [f"{LABEL}={prefix}"]})
    return [
        Container(
            id=item["Id"],
            name=item["Names"][0].lstrip("/") if item["Names"] else item["Id"][:12],
            instance_id=item["Labels"].get(INSTANCE_LABEL, ""),
            vpc_id=item["Labels"].get(VPC_LABEL, ""),
            running=item["State"] in ("running", "restarting", "paused"),
        )
        for item in found
    ]


def networks(client: docker.DockerClient, prefix: str) -> dict[str, str]:
    """Id of each network of one localcloud, by VPC id."""
    found = client.api.networks(filters={"label": [f"{LABEL}={prefix}"]})
    return {item["Labels"].get(VPC_LABEL, item["Name"]): item["Id"] for item in found}


def volumes(client: docker.DockerClient, prefix: str) -> list[str]:
    """Names of the volumes of one localcloud."""
    found = client.api.volumes(filters={"label": [f"{LABEL}={prefix}"]})
    return [item["Name"] for item in found.get("Volumes") or []]


def exit_code(client: docker.DockerClient, container_id: str) -> int:
    """What the container's first process exited with."""
    return int(client.api.inspect_container(container_id)["State"]["ExitCode"])


def remove_container(client: docker.DockerClient, container_id: str) -> None:
    """Kill and remove a container and its anonymous volumes; one that is gone already is no error."""
    try:
        client.api.remove_container(container_id, v=True, force=True)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        if "already in progress" not in str(error):
            raise


def remove_volume(client: docker.DockerClient, name: str) -> None:
    """Remove a volume; one that is gone already is no error."""
    try:
        client.api.remove_volume(name)
    except docker.errors.NotFound:
        return


def remove_network(client: docker.DockerClient, network_id: str) -> None:
    """Remove a network; one that is gone already is no error."""
    try:
        client.api.remove_network(network_id)
    except docker.errors.NotFound:
        return
