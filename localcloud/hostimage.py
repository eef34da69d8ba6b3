"""The Docker image that instances are started from: built when its sources or its base have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import docker
import docker.errors

from localcloud.errors import LocalcloudError
from localcloud.settings import RELEASES

SOURCES = Path(__file__).parent / "image"
DIGEST_LABEL = "localcloud.image.sources"
BASE_ENVIRONMENT = "LOCALCLOUD_BASE_IMAGE"
PROGRESS_COLUMNS = 90


def tag(release: int = RELEASES[0]) -> str:
    """The host image of a release of Debian."""
    return f"localcloud/debian-{release}"


def base_image(release: int) -> str:
    """The image that ours is built from; the environment may name another for the default release."""
    default = f"airlift/debian:{release}"
    return os.environ.get(BASE_ENVIRONMENT, default) if release == RELEASES[0] else default


def sources_digest(base_id: str, sources: Path = SOURCES) -> str:
    """SHA-256 over the base image's id and every file that the build sees."""
    digest = hashlib.sha256(base_id.encode())
    for file in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(sources)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def ensure_image(
    client: docker.DockerClient,
    progress: Callable[[str], None],
    force: bool = False,
    release: int = RELEASES[0],
) -> bool:
    """Build the image unless it is up to date; return whether it was built."""
    base, name = base_image(release), tag(release)
    try:
        base_id = str(client.images.get(base).id)
    except docker.errors.ImageNotFound as error:
        raise LocalcloudError(
            f"Failed to build image {name}: its base image {base} is not on this machine.",
            "Make it with debootstrap and `docker import` (see localcloud/README.md), "
            f"or name another Debian {RELEASES[0]} image in {BASE_ENVIRONMENT}.",
        ) from error
    digest = sources_digest(base_id)
    if not force and _built_from(client, name) == digest:
        return False
    progress(f"building image {name} from {base} (about a minute, once)")
    _build(client, name, base, digest, progress)
    client.images.prune(filters={"dangling": True, "label": [DIGEST_LABEL]})  # the one before
    return True


def _built_from(client: docker.DockerClient, name: str) -> str | None:
    try:
        return client.images.get(name).labels.get(DIGEST_LABEL)
    except docker.errors.ImageNotFound:
        return None


def _build(
    client: docker.DockerClient, name: str, base: str, digest: str, progress: Callable[[str], None]
) -> None:
    steps = client.api.build(
        path=str(SOURCES),
        tag=name,
        buildargs={"BASE_IMAGE": base},
        labels={DIGEST_LABEL: digest},
        rm=True,
        forcerm=True,
        decode=True,
    )
    tail: list[str] = []
    for step in steps:
        if "error" in step:
            said = " / ".join([*tail[-3:], str(step["error"]).strip()])
            raise LocalcloudError(
                f"Failed to build image {name}: {said}.",
                "Check that this machine reaches Debian's mirror, then try again.",
            )
        line = str(step.get("stream", "")).strip()
        if line:
            tail.append(line)
        if line.startswith("Step "):
            progress(line[:PROGRESS_COLUMNS])
