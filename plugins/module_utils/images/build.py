"""Building and pushing, through Docker's API. The login goes with the one request that needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

from ..errors import DeliveryError
from .context import Context

if TYPE_CHECKING:
    from docker import DockerClient

Progress = Callable[[str], None]
_SECONDS = 1800
_LAST_LINES = 8
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What QEMU calls an architecture."""
_FOREIGN = ("exec format error", "does not match the specified platform", "no matching manifest")
"""What a build says that cannot run, or does not find, programs of another architecture."""


class Builder:
    """The Docker engine of this machine."""

    def __init__(self) -> None:
        """Connect. Raises DeliveryError where no Docker daemon answers."""
        try:
            self._docker: DockerClient = docker.from_env(timeout=_SECONDS)
            self._docker.ping()
        except (DockerException, RequestException) as error:
            raise DeliveryError(
                f"Docker does not answer: {error}.",
                "Start it, or run `make setup`; a new member of the group docker logs in again.",
            ) from error

    def has(self, reference: str) -> bool:
        """Whether the image was built here before."""
        try:
            self._docker.images.get(reference)
        except ImageNotFound:
            return False
        return True

    def check_runs(self, architecture: str) -> None:
        """Raise DeliveryError where the engine surely cannot run programs of ``architecture``.

        Sure is what shares our kernel, and whose list of emulators can be read.
        """
        engine = self._docker.version()
        ours = engine.get("KernelVersion") == os.uname().release
        if engine.get("Arch") == architecture or not ours or not (_EMULATORS / "status").exists():
            return
        if not any(_EMULATORS.glob(f"qemu-{_MACHINES[architecture]}*")):
            raise DeliveryError(
                f"Docker runs on {engine.get('Arch')} here, not {architecture}.", _elsewhere()
            )

    def build(self, context: Context, reference: str, progress: Progress) -> None:
        """Build ``context`` as ``reference``."""
        lines: list[str] = []
        events = self._docker.api.build(
            path=str(context.directory),
            dockerfile=context.dockerfile,
            buildargs=dict(context.build_arguments),
            tag=reference,
            platform=f"linux/{context.architecture}",
            rm=True,
            forcerm=True,
            decode=True,
        )
        for event in _checked(events, "build image", reference, lines):
            line = str(event.get("stream", "")).strip()
            if line:
                lines.append(line)
            if line.startswith("Step "):
                progress(line)

    def push(self, repository: str, tag: str, login: Mapping[str, str], progress: Progress) -> str:
        """Push and return the digest by which the registry holds it."""
        events = self._docker.api.push(repository, tag=tag, stream=True, decode=True, auth_config=dict(login))
        digest, layers = "", set()
        for event in _checked(events, "push image", f"{repository}:{tag}", []):
            digest = str(event.get("aux", {}).get("Digest", digest))
            if event.get("status") == "Pushed" and event.get("id") not in layers:
                layers.add(event.get("id"))
                progress(f"pushed layer {event['id']}")
        if not digest:
            raise DeliveryError(
                f"Failed to push image {repository}:{tag}: no digest came back.", "Try again."
            )
        return digest


def _elsewhere() -> str:
    return (
        "The image is built for the hosts' architecture: publish from a machine of that one, or install an "
        "emulator (apt-get install qemu-user-static) and name a base image (airlift_image_base) that has it."
    )


def _checked(
    events: Iterable[Any], what: str, reference: str, lines: list[str]
) -> Iterable[Mapping[str, Any]]:
    """Pass Docker's events on; raise DeliveryError for the one that says it failed."""
    try:
        for event in events:
            if "error" in event:
                tail = "\n".join(lines[-_LAST_LINES:])
                message = str(event["error"]).strip().rstrip(".")
                if any(words in message for words in _FOREIGN):
                    tail = f"{tail}\n{_elsewhere()}"
                raise DeliveryError(f"Failed to {what} {reference}: {message}.", f"{tail}".strip())
            yield event
    except (DockerException, RequestException) as error:
        raise DeliveryError(
            f"Failed to {what} {reference}: {error}.", "Check Docker, then try again."
        ) from error
