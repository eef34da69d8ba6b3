"""Images that the registry must not expire: those of the release, and of the one that a rollback needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..aws.errors import wording
from ..delivery.release import Release
from ..image_tags import RELEASED
from .registry import Repository

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_MEDIA_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_DIGITS = 16


def keep(repository: Repository, *releases: Release | None) -> None:
    """Give the image of each of ``releases`` a tag that the lifecycle policy spares.

    Before a release is written down, so that no image is released that may go. What is tagged is left alone.
    """
    there = _tags(repository)
    for tag, digest in _wanted(repository, releases).items():
        if there.get(tag) != digest:
            _tag(repository.ecr, repository.name, digest, tag)


def let_go(repository: Repository, *releases: Release | None) -> None:
    """Take that tag from the images of all others. One with no other tag would go with it, and keeps it."""
    there, wanted = _tags(repository), _wanted(repository, releases)
    tags_of = Counter(there.values())
    ours = [tag for tag in there if tag.startswith(RELEASED)]
    stale = [tag for tag in ours if tag not in wanted and tags_of[there[tag]] > 1]
    if stale:
        with wording("untag images in", f"repository {repository.name}", repository.ecr.meta.region_name):
            repository.ecr.batch_delete_image(
                repositoryName=repository.name, imageIds=[{"imageTag": tag} for tag in stale]
            )


def _wanted(repository: Repository, releases: Iterable[Release | None]) -> dict[str, str]:
    """Return tag → digest of the releases' images, as far as they are in ``repository``."""
    found = {one.image.digest for one in releases if one and one.image.name == repository.uri}
    return {f"{RELEASED}{one.removeprefix('sha256:')[:_DIGITS]}": one for one in found}


def _tags(repository: Repository) -> dict[str, str]:
    """Return tag → digest of every tagged image (ecr:ListImages)."""
    with wording("list images in", f"repository {repository.name}", repository.ecr.meta.region_name):
        pages = repository.ecr.get_paginator("list_images").paginate(
            repositoryName=repository.name, filter={"tagStatus": "TAGGED"}
        )
        return {one["imageTag"]: one["imageDigest"] for page in pages for one in page["imageIds"]}


def _tag(ecr: ECRClient, name: str, digest: str, tag: str) -> None:
    """Put the image's own manifest once more, under ``tag`` (ecr:BatchGetImage, ecr:PutImage)."""
    with wording("tag image", f"{name}@{digest}", ecr.meta.region_name):
        found = ecr.batch_get_image(
            repositoryName=name, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=list(_MEDIA_TYPES)
        )["images"]
        # One that is gone cannot be kept: a release checks that its own is there.
        for image in found:
            media = image.get("imageManifestMediaType")
            ecr.put_image(
                repositoryName=name,
                imageManifest=image["imageManifest"],
                imageTag=tag,
                **({"imageManifestMediaType": media} if media else {}),
            )
