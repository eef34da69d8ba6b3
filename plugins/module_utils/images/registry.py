"""A repository of images in ECR: what it holds, and how to log in to it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..aws.errors import AWS_ERRORS, call_error, code_of
from ..errors import AirliftError, RepositoryMissingError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its URI, ``<account>.dkr.ecr.<region>.amazonaws.com/<name>``."""

    ecr: ECRClient
    uri: str

    @property
    def name(self) -> str:
        """The name without the registry."""
        return self.uri.partition("/")[2]

    def digest_of_tag(self, tag: str) -> str | None:
        """Return the digest that a tag names, or None."""
        return self._digest({"imageTag": tag})

    def holds(self, digest: str) -> bool:
        """Whether the image is there."""
        return self._digest({"imageDigest": digest}) is not None

    def login(self) -> dict[str, str]:
        """Return what Docker needs to push, good for twelve hours (ecr:GetAuthorizationToken)."""
        try:
            token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        except AWS_ERRORS as error:
            raise self._failed(error, "get a login for") from error
        username, _, password = base64.b64decode(token).decode().partition(":")
        return {"username": username, "password": password}

    def _digest(self, image: ImageIdentifierTypeDef) -> str | None:
        registry, _, name = self.uri.partition("/")
        try:
            found = self.ecr.describe_images(
                registryId=registry.partition(".")[0], repositoryName=name, imageIds=[image]
            )
        except AWS_ERRORS as error:
            if code_of(error) == "ImageNotFoundException":
                return None
            if code_of(error) == "RepositoryNotFoundException":
                raise RepositoryMissingError(
                    f"There is no repository {self.uri}.", "Provision first (playbooks/provision.yml)."
                ) from error
            raise self._failed(error, "read") from error
        return found["imageDetails"][0]["imageDigest"]

    def _failed(self, error: Exception, verb: str) -> AirliftError:
        region = self.ecr.meta.region_name
        return call_error(error, verb, f"repository {self.uri}", region, "Check the permissions for ECR.")
