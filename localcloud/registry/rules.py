"""What ECR refuses where a plain registry would accept: pure decisions about a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
MANIFEST = re.compile(rf"/v2/(?P<name>{NAME})/manifests/(?P<reference>[\w.:-]+)")
UPLOAD = re.compile(rf"/v2/(?P<name>{NAME})/blobs/uploads/?")


@dataclass(frozen=True)
class RepositoryState:
    """What matters of a repository: tag → digest of the image that has it, and which tags may not move."""

    tags: Mapping[str, str]
    immutable: bool


@dataclass(frozen=True)
class Refusal:
    """A response in the shape of the distribution specification."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> bytes:
        """JSON."""
        return json.dumps({"errors": [{"code": self.code, "message": self.message}]}).encode()


def is_tag(reference: str) -> bool:
    """Whether a manifest's reference is a tag and not a digest."""
    return ":" not in reference


def refuse(
    method: str, path: str, digest: str, repositories: Mapping[str, RepositoryState], account_id: str
) -> Refusal | None:
    """Why ECR would refuse the request, or None. `digest` is that of the request's body."""
    manifest, upload = MANIFEST.fullmatch(path), UPLOAD.fullmatch(path)
    match = manifest or upload
    if match is None or method == "DELETE":
        return Refusal(405, "UNSUPPORTED", "The operation is unsupported. Use ECR's API.")
    name = match["name"]
    repository = repositories.get(name)
    if repository is None:
        return Refusal(
            404,
            "NAME_UNKNOWN",
            f"The repository with name '{name}' does not exist in the registry with id '{account_id}'",
        )
    if manifest and repository.immutable and is_tag(manifest["reference"]):
        tag = manifest["reference"]
        if repository.tags.get(tag, digest) != digest:
            return Refusal(
                400,
                "TAG_INVALID",
                f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
                "because the repository is immutable.",
            )
    return None
