"""What the agent asks AWS, with the credentials of the host's role."""

from __future__ import annotations

import base64
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig

from ..errors import AirliftError, DeliveryError
from ..imds import Metadata
from .errors import AWS_ERRORS, call_error, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_VARIABLES = {"secretsmanager": "SECRETS_MANAGER"}
_REMEDY = "Check the host's role and its way to AWS, then run: airlift-release apply"


class Aws:
    """The calls, each as one method."""

    def __init__(self, region: str, connections: int) -> None:
        """Clients are made when they are first needed."""
        self._region = region
        self._config = ClientConfig(
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=connections,
        )

    def parameter(self, name: str) -> tuple[str, float]:
        """Return the text of the release document and its age in seconds (ssm:GetParameter)."""
        try:
            client = self._client("ssm")
            found = client.get_parameter(Name=name)["Parameter"]
            return found["Value"], time.time() - found["LastModifiedDate"].timestamp()
        except AWS_ERRORS as error:
            if code_of(error) == "ParameterNotFound":
                raise DeliveryError(
                    f"There is no parameter {name} in {self._region}.",
                    "Provision the stack (playbooks/provision.yml).",
                ) from error
            raise call_error(error, "read", f"parameter {name}", self._region, _REMEDY) from error

    def secret(self, name: str, version: str) -> str:
        """Return one version of the secret (secretsmanager:GetSecretValue)."""
        try:
            client = self._client("secretsmanager")
            return str(client.get_secret_value(SecretId=name, VersionId=version)["SecretString"])
        except AWS_ERRORS as error:
            raise call_error(
                error, "read", f"secret {name} version {version}", self._region, _REMEDY
            ) from error

    def registry_login(self) -> tuple[str, str]:
        """Return user and password for the account's registry, good for twelve hours."""
        try:
            client = self._client("ecr")
            token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        except AWS_ERRORS as error:
            raise call_error(error, "get", "login for the registry", self._region, _REMEDY) from error
        user, _, password = base64.b64decode(token).decode().partition(":")
        return user, password

    def s3(self) -> S3Client:
        """Return a client for the bucket."""
        client: S3Client = self._client("s3")
        return client

    def _client(self, service: str) -> Any:
        """Return a client that honours AWS_ENDPOINT_URL: boto3 does from 1.28 on, Debian 12 has 1.26."""
        name = f"AWS_ENDPOINT_URL_{_VARIABLES.get(service, service.upper())}"
        endpoint = os.environ.get(name) or os.environ.get("AWS_ENDPOINT_URL")
        return boto3.client(
            service,  # type: ignore[call-overload]  # a name only known at run time
            region_name=self._region,
            config=self._config,
            endpoint_url=endpoint,
        )


def instance_id() -> str:
    """Return this instance's id from the metadata service, or else the host's name."""
    try:
        return Metadata().get("instance-id") or socket.gethostname()
    except AirliftError:
        return socket.gethostname()
