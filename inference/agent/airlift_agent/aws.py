"""What the agent asks AWS, with the credentials of the host's role."""

from __future__ import annotations

import base64
import os
import socket
import time
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from .delivery.errors import DeliveryError, aws_error, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
_METADATA_SECONDS = 2
_REMEDY = "Check the host's role and its way to AWS, then run: airlift-release apply"


class Aws:
    """The calls, each as one method."""

    def __init__(self, region: str, connections: int) -> None:
        """Clients are made when they are first needed. AWS_ENDPOINT_URL is honoured, as boto3 does."""
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
            client = boto3.client("ssm", region_name=self._region, config=self._config)
            found = client.get_parameter(Name=name)["Parameter"]
            return found["Value"], time.time() - found["LastModifiedDate"].timestamp()
        except (BotoCoreError, ClientError) as error:
            if error_code(error) == "ParameterNotFound":
                raise DeliveryError(
                    f"There is no parameter {name} in {self._region}.",
                    "Provision the stack (playbooks/provision.yml).",
                ) from error
            raise aws_error(error, "read", f"parameter {name}", self._region, _REMEDY) from error

    def secret(self, name: str, version: str) -> str:
        """Return one version of the secret (secretsmanager:GetSecretValue)."""
        try:
            client = boto3.client("secretsmanager", region_name=self._region, config=self._config)
            return client.get_secret_value(SecretId=name, VersionId=version)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            raise aws_error(
                error, "read", f"secret {name} version {version}", self._region, _REMEDY
            ) from error

    def registry_login(self) -> tuple[str, str]:
        """Return user and password for the account's registry, good for twelve hours."""
        try:
            client = boto3.client("ecr", region_name=self._region, config=self._config)
            token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        except (BotoCoreError, ClientError) as error:
            raise aws_error(error, "get", "login for the registry", self._region, _REMEDY) from error
        user, _, password = base64.b64decode(token).decode().partition(":")
        return user, password

    def s3(self) -> S3Client:
        """Return a client for the bucket."""
        return boto3.client("s3", region_name=self._region, config=self._config)


def instance_id() -> str:
    """Return this instance's id from the metadata service (IMDSv2), or else the host's name."""
    opener = build_opener(ProxyHandler({}))
    try:
        lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        ask = Request(f"{_METADATA}/latest/api/token", method="PUT", headers=lifetime)  # noqa: S310 - http by design
        with opener.open(ask, timeout=_METADATA_SECONDS) as answer:
            token = answer.read().decode()
        headers = {"X-aws-ec2-metadata-token": token}
        ask = Request(f"{_METADATA}/latest/meta-data/instance-id", headers=headers)  # noqa: S310
        with opener.open(ask, timeout=_METADATA_SECONDS) as answer:
            return str(answer.read().decode()).strip()
    except (URLError, OSError):
        return socket.gethostname()
