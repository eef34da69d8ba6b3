"""What moto answers about images, replaced where the registry knows better."""

from __future__ import annotations

import base64
import datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, ScanNotFoundException
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse

from localcloud.patches import replace
from localcloud.registry.images import NOT_SCANNED, digest_of, state_of

if TYPE_CHECKING:
    from localcloud.registry.plane import RegistryPlane

TOKEN_HOURS = 12


def install(plane: RegistryPlane) -> None:
    """Let `plane` speak for tokens, and carry deletions and PutImage to the registry."""
    replace(ECRResponse, "get_authorization_token", _token_answer(plane))
    replace(ECRBackend, "describe_image_scan_findings", _describe_image_scan_findings)
    replace(ECRBackend, "put_image", _put_image(plane))
    _carry_deletions(plane)


def _token_answer(plane: RegistryPlane) -> Any:
    def get_authorization_token(response: ECRResponse) -> ActionResult:
        token = base64.b64encode(f"{plane.user}:{plane.password}".encode()).decode()
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=TOKEN_HOURS)
        accounts = response._get_param("registryIds") or [response.current_account]
        answer = [
            {
                "authorizationToken": token,
                "expiresAt": expires,
                "proxyEndpoint": f"https://{account}.dkr.ecr.{response.region}.amazonaws.com",
            }
            for account in accounts
        ]
        return ActionResult({"authorizationData": answer})

    return get_authorization_token


def _put_image(plane: RegistryPlane) -> Any:
    def put_image(  # noqa: PLR0913, PLR0917  # moto's signature
        backend: ECRBackend,
        repository_name: str,
        image_manifest: str,
        image_tag: str | None,
        image_manifest_mediatype: str | None = None,
        digest: str | None = None,
    ) -> Image:
        repository = backend._get_repository(repository_name)
        manifest = image_manifest.encode()
        true_digest = digest_of(manifest)
        state = state_of(repository)
        tagged = state.tags.get(image_tag or "")
        if tagged is not None and (state.immutable or tagged == true_digest):
            raise ImageAlreadyExistsException(
                registry_id=repository.registry_id,
                image_tag=image_tag or "",
                digest=tagged,
                repository_name=repository_name,
            )
        del digest
        return plane.put_manifest(
            backend, repository_name, image_tag or true_digest, manifest, image_manifest_mediatype
        )

    return put_image


def _carry_deletions(plane: RegistryPlane) -> None:
    batch_delete_image = ECRBackend.batch_delete_image
    delete_repository = ECRBackend.delete_repository

    def batch_delete(
        backend: ECRBackend,
        repository_name: str,
        registry_id: str | None = None,
        image_ids: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        repository = backend._get_repository(repository_name, registry_id)
        before = _held(repository)
        response = batch_delete_image(backend, repository_name, registry_id, image_ids)
        plane.forget(backend, repository_name, before - _held(repository))
        return response

    def delete(
        backend: ECRBackend, repository_name: str, registry_id: str | None = None, force: bool = False
    ) -> Repository:
        repository = delete_repository(backend, repository_name, registry_id, force)
        plane.forget_repository(backend, repository_name)
        return repository

    replace(ECRBackend, "batch_delete_image", batch_delete)
    replace(ECRBackend, "delete_repository", delete)


def _held(repository: Repository) -> set[tuple[str, str | None]]:
    """Every (digest, None) and (digest, tag) of a repository."""
    held: set[tuple[str, str | None]] = set()
    for image in repository.images:
        digest = image.get_image_digest()
        held.add((digest, None))
        held.update((digest, tag) for tag in image.image_tags)
    return held


def _describe_image_scan_findings(
    backend: ECRBackend, registry_id: str | None, repository_name: str, image_id: dict[str, Any]
) -> dict[str, Any]:
    repository = backend._get_repository(repository_name, registry_id)
    image = repository._get_image(image_id.get("imageTag"), image_id.get("imageDigest"))
    if not image.last_scan:
        raise ScanNotFoundException(
            image_id=str(image_id), repository_name=repository_name, registry_id=repository.registry_id
        )
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository_name,
        "imageId": image.image_id,
        "imageScanStatus": NOT_SCANNED,
    }
