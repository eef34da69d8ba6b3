"""A repository of images in ECR: what it holds, and how to log in to it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ..delivery.errors import DeliveryError, aws_error, error_code

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


class RepositoryMissingError(DeliveryError):
    """The repository does not exist yet."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its URI, ``<account>.dkr.ecr.<region>.amazonaws.com/<name>``."""

    ecr: ECRClient
    uri: str

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
        except (BotoCoreError, ClientError) as error:
            raise self._failed(error, "get a login for") from error
        username, _, password = base64.b64decode(token).decode().partition(":")
        return {"username": username, "password": password}

    def _digest(self, image: ImageIdentifierTypeDef) -> str | None:
        registry, _, name = self.uri.partition("/")
        try:
            found = self.ecr.describe_images(
                registryId=registry.partition(".")[0], repositoryName=name, imageIds=[image]
            )
        except (BotoCoreError, ClientError) as error:
            if error_code(error) == "ImageNotFoundException":
                return None
            if error_code(error) == "RepositoryNotFoundException":
                raise RepositoryMissingError(
                    f"There is no repository {self.uri}.", "Provision first (playbooks/provision.yml)."
                ) from error
            raise self._failed(error, "read") from error
        return found["imageDetails"][0]["imageDigest"]

    def _failed(self, error: Exception, verb: str) -> DeliveryError:
        region = self.ecr.meta.region_name
        return aws_error(error, verb, f"repository {self.uri}", region, "Check the permissions for ECR.")
