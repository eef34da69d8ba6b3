"""The engine's containers, through Docker's API."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DeviceRequest, LogConfig
from requests.exceptions import RequestException

from .config import Config
from .delivery.manifest import hex_of
from .delivery.release import Image, Release
from .errors import DeliveryError
from .facts import Facts, parse
from .images import KEEP_LABEL, StoredImage
from .state import Colour, Container

if TYPE_CHECKING:
    from docker.models.containers import Container as DockerContainer

ENGINE_PORT = "8000/tcp"
FINGERPRINT_LABEL, RELEASE_LABEL, STACK_LABEL = "airlift.fingerprint", "airlift.release", "airlift.stack"
FACTS_LABEL = "airlift.facts"
"""Of an engine's image: the command that prints what it serves, as one line of JSON."""

_LOG_LINES = 12
_SCRATCH = {"/tmp": "rw,noexec,nosuid,nodev,size=64m"}  # noqa: S108 - inside the container
_STOP_MARGIN_SECONDS = 10


class Containers:
    """The containers named ``<prefix>-blue`` and ``<prefix>-green``, and the images they come from."""

    def __init__(self, config: Config) -> None:
        """Connect to the engine on this host. Raises DeliveryError where none answers."""
        self._config = config
        try:
            self._docker = docker.from_env(timeout=600)
            self._docker.ping()
        except (DockerException, RequestException) as error:
            raise DeliveryError(
                f"Docker does not answer: {error}.", "Start it: systemctl restart docker"
            ) from error

    def all(self) -> Mapping[Colour, Container]:
        """Return what exists, running or not."""
        found = {colour: self._find(colour) for colour in Colour}
        return {colour: _describe(container) for colour, container in found.items() if container is not None}

    def alive(self, colour: Colour) -> bool:
        """Whether the colour's process runs."""
        container = self._find(colour)
        return container is not None and container.status == "running"

    def has_image(self, image: Image) -> bool:
        """Whether the image is on the host, by digest."""
        try:
            self._docker.images.get(str(image))
        except ImageNotFound:
            return False
        return True

    def pull(self, image: Image, username: str, password: str) -> None:
        """Pull an image by digest. The password goes to the daemon in this request and is kept nowhere."""
        auth = {"username": username, "password": password}
        try:
            self._docker.images.pull(image.name, tag=image.digest, auth_config=auth)
        except (DockerException, RequestException) as error:
            raise DeliveryError(
                f"Failed to pull image {image}: {error}.",
                "Check that it was published, and the host's way to ECR.",
            ) from error

    def start(self, colour: Colour, release: Release, instance_id: str) -> None:
        """Create and start the release's container with the least it needs."""
        try:
            self._docker.containers.run(**self._arguments(colour, release, instance_id))
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to start container {self._name(colour)}: {error}.") from error

    def remove(self, colour: Colour, grace_seconds: int) -> None:
        """Stop a container, with time for its last requests, and remove it with its volumes."""
        container = self._find(colour)
        if container is None:
            return
        try:
            container.stop(timeout=grace_seconds + _STOP_MARGIN_SECONDS)
            container.remove(v=True, force=True)
        except NotFound:
            return
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to remove container {self._name(colour)}: {error}.") from error

    def last_lines(self, colour: Colour) -> list[str]:
        """Return the end of a container's log, for a message."""
        container = self._find(colour)
        if container is None:
            return []
        try:
            text: bytes = container.logs(tail=_LOG_LINES)
        except APIError as error:
            return [f"(its log cannot be read here: {error.explanation})"]
        return text.decode(errors="replace").strip().splitlines()

    def facts(self, colour: Colour) -> Facts | None:
        """Ask a running engine what it serves, by its image's command; None where the image names none."""
        container = self._find(colour)
        command = container.labels.get(FACTS_LABEL) if container is not None else None
        if container is None or command is None:
            return None
        try:
            done = container.exec_run(shlex.split(command))
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to ask {self._name(colour)} what it serves: {error}.") from error
        text = done.output.decode(errors="replace") if isinstance(done.output, bytes) else ""
        last = (text.strip().splitlines() or [""])[-1]
        if done.exit_code != 0:
            raise DeliveryError(
                f"The engine does not say what it serves: {command} ended with {done.exit_code}. {last}"
            )
        return parse(last)

    def images(self, repository: str) -> list[StoredImage]:
        """Return the repository's images on this host."""
        try:
            # One request: images.list() asks again for each, and fails for one that is gone by then.
            listed = self._docker.api.images()
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to list the images: {error}.") from error
        found: list[StoredImage] = []
        for image in listed:
            references = [reference.partition("@") for reference in image.get("RepoDigests") or []]
            digests = frozenset(digest for name, _, digest in references if name == repository)
            if digests:
                found.append(
                    StoredImage(str(image["Id"]), digests, KEEP_LABEL in (image.get("Labels") or {}))
                )
        return found

    def used_images(self) -> set[str]:
        """Return the ids of the images that containers were made of, stopped and foreign ones too."""
        try:
            return {str(container["ImageID"]) for container in self._docker.api.containers(all=True)}
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to list the containers: {error}.") from error

    def free_percent(self) -> float:
        """Return how much of the disk with Docker's data is free."""
        try:
            usage = shutil.disk_usage(self._docker.info()["DockerRootDir"])
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to ask Docker where its data is: {error}.") from error
        return 100 * usage.free / usage.total

    def remove_image(self, repository: str, digest: str) -> None:
        """Remove an image that no container uses; one that is used stays."""
        try:
            self._docker.images.remove(f"{repository}@{digest}")
        except ImageNotFound:
            return
        except APIError as error:
            if error.status_code != 409:
                raise DeliveryError(f"Failed to remove image {repository}@{digest}: {error}.") from error

    def _find(self, colour: Colour) -> DockerContainer | None:
        try:
            return self._docker.containers.get(self._name(colour))
        except NotFound:
            return None
        except (DockerException, RequestException) as error:
            raise DeliveryError(f"Failed to read container {self._name(colour)}: {error}.") from error

    def _name(self, colour: Colour) -> str:
        return f"{self._config.container_prefix}-{colour}"

    def _arguments(self, colour: Colour, release: Release, instance_id: str) -> dict[str, Any]:
        config = self._config
        memory = f"{config.memory_limit_mib}m"
        model = config.models / hex_of(release.model_digest)
        return {
            "image": str(release.image),
            "name": self._name(colour),
            "detach": True,
            "environment": {
                "AIRLIFT_MODEL_NAME": release.model_name,
                "AIRLIFT_ENGINE_SETTINGS": json.dumps(dict(release.settings), sort_keys=True),
                "AIRLIFT_METRICS_NAMESPACE": config.metrics_namespace,
            },
            "labels": {
                STACK_LABEL: config.stack,
                RELEASE_LABEL: release.id,
                FINGERPRINT_LABEL: release.container_fingerprint,
            },
            "volumes": {str(model): {"bind": "/model", "mode": "ro"}},
            "ports": {ENGINE_PORT: ("127.0.0.1", config.port(colour))},
            "user": "10001:10001",
            "read_only": True,
            "tmpfs": _SCRATCH,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "mem_limit": memory,
            "memswap_limit": memory,
            "nano_cpus": int(config.cpu_limit * 1_000_000_000),
            "pids_limit": config.pids,
            "restart_policy": {"Name": "unless-stopped"},
            "log_config": log_config(config, instance_id, colour),
            "device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])] if config.gpus else None,
        }


def log_config(config: Config, instance_id: str, colour: Colour) -> LogConfig:
    """Return where the engine's log goes: the log group, or rotated files where there is none."""
    if not config.log_group:
        return LogConfig(type="json-file", config={"max-size": "10m", "max-file": "3"})
    options = {
        "awslogs-region": config.region,
        "awslogs-group": config.log_group,
        "awslogs-stream": f"{instance_id}/{colour}",
        "awslogs-create-group": "false",
        "mode": "non-blocking",
        "max-buffer-size": "4m",
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL_LOGS") or os.environ.get("AWS_ENDPOINT_URL")
    return LogConfig(
        type="awslogs", config={**options, **({"awslogs-endpoint": endpoint} if endpoint else {})}
    )


def _describe(container: DockerContainer) -> Container:
    labels = container.labels
    health = container.attrs["State"].get("Health", {}).get("Status", "")
    return Container(
        fingerprint=labels.get(FINGERPRINT_LABEL, ""),
        release=labels.get(RELEASE_LABEL, ""),
        image=str(container.attrs["Config"]["Image"]),
        sound=container.status == "running" and health != "unhealthy",
    )
