"""What the registry holds, told to moto's ECR in its own words."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.ecr.models import ECRBackend, Image, Repository

from localcloud.registry.rules import RepositoryState, is_tag

UNAVAILABLE = "not available on the embedded AWS"
NOT_SCANNED = {"status": "UNSUPPORTED_IMAGE", "description": f"Image scanning is {UNAVAILABLE}."}


class RegistryImage(Image):
    """An image that the registry holds, with its true digest and size."""

    def get_image_size_in_bytes(self) -> int:
        """Bytes that a pull transfers: the layers, the configuration, or an index's manifests."""
        manifest: dict[str, Any] = json.loads(self.image_manifest)
        parts = [*manifest.get("layers", []), *manifest.get("manifests", [])]
        if "config" in manifest:
            parts.append(manifest["config"])
        return sum(int(part["size"]) for part in parts)

    @property
    def image_id(self) -> dict[str, str]:
        """The digest, and the tag where there is one."""
        tag = {"imageTag": self.image_tag} if self.image_tags else {}
        return {**tag, "imageDigest": self.get_image_digest()}

    @property
    def image_scan_status(self) -> dict[str, str] | None:
        """ImageScanStatus of DescribeImages; None before any scan was asked for."""
        return NOT_SCANNED if self.last_scan else None


def state_of(repository: Repository) -> RepositoryState:
    """What the rules need to know of a repository."""
    tags = {tag: image.get_image_digest() for image in list(repository.images) for tag in image.image_tags}
    return RepositoryState(tags=tags, immutable=repository.is_tag_immutable())


def scans_on_push(repository: Repository) -> bool:
    """Whether a push asks for a scan."""
    configuration = repository.image_scanning_configuration
    return isinstance(configuration, dict) and bool(configuration.get("scanOnPush"))


def digest_of(manifest: bytes) -> str:
    """The digest that a registry knows a manifest by."""
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def record(
    backend: ECRBackend, name: str, reference: str, manifest: bytes, media_type: str
) -> RegistryImage | None:
    """Note a manifest that the registry has accepted; a tag moves to it from wherever it was.

    None when the repository was deleted meanwhile.
    """
    repository = backend.repositories.get(name)
    if repository is None:
        return None
    digest = digest_of(manifest)
    found = next((item for item in repository.images if item.get_image_digest() == digest), None)
    if isinstance(found, RegistryImage):
        image = found
    else:
        image = RegistryImage(
            account_id=backend.account_id,
            tag=None,  # type: ignore[arg-type]  # moto's annotation forgets untagged images
            manifest=manifest.decode(),
            repository=name,
            image_manifest_mediatype=media_type or json.loads(manifest).get("mediaType"),
            digest=digest,
            registry_id=repository.registry_id,
        )
        repository.images.append(image)
    if is_tag(reference):
        for other in repository.images:
            if other is not image:
                other.remove_tag(reference)
        image.update_tag(reference)
    return image
