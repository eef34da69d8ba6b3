"""The session: clients for AWS, made when they are first needed and shared by all threads.

Only botocore is imported: boto3's resources, which Airlift does not use, cost a third of a second to load.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, overload
from urllib.parse import urlsplit

from ..errors import AirliftError
from ..option_schema.declared import Option
from .access import NOT_KNOWN_HERE, Identity, access_error, region_not_enabled
from .errors import code_of

try:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        ProfileNotFound,
        UnknownRegionError,
    )

    HAS_BOTOCORE = True
except ImportError:  # said in one sentence by Session
    HAS_BOTOCORE = False

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

THREADS = 16
"""How many calls run side by side: far below any API's rate limit, and more than a no-op run can use."""

VERSION = "0.1.0"
_ENABLED_EVERYWHERE = "us-east-1"
_ATTEMPTS = 6
_CONNECT_SECONDS = 5
_READ_SECONDS = 60
_HURRIED_ATTEMPTS = 2
_HURRIED_READ_SECONDS = 5
_NEVER_BLINDLY_REPEATED = ("Create", "Run", "Allocate", "Import", "Authorize", "Request")


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS. What is None comes from the environment or the profile, as in every AWS tool.

    ``AWS_ENDPOINT_URL`` in the environment wins over ``endpoint_url``.
    """

    region: Annotated[
        str | None,
        Option("The AWS region. Without it, E(AWS_REGION) and then the profile's region are used."),
    ] = None
    profile: Annotated[
        str | None,
        Option("A profile of the AWS configuration files. Without it, E(AWS_PROFILE) is used."),
    ] = None
    endpoint_url: Annotated[
        str | None,
        Option(
            "Where to send all calls in place of AWS, such as the address of an embedded AWS. "
            "E(AWS_ENDPOINT_URL) in the environment wins over it."
        ),
    ] = None
    access_key: Annotated[
        str | None,
        Option(
            "An access key id. Without it, credentials come from the environment, the profile or the "
            "machine's role."
        ),
    ] = None
    secret_key: Annotated[str | None, Option("The secret that belongs to O(access_key).", secret=True)] = (
        field(default=None, repr=False)
    )
    session_token: Annotated[
        str | None, Option("The session token, where the credentials are temporary.", secret=True)
    ] = field(default=None, repr=False)


class Session:
    """Clients by service. Safe for threads; making one costs some 20 ms and no call."""

    def __init__(self, connection: Connection, *, hurried: bool = False) -> None:
        """Read the configuration; ``hurried`` is for who must know soon that AWS does not answer.

        Raises ``AirliftError`` if boto3, the profile or the region is missing.
        """
        if not HAS_BOTOCORE:
            raise AirliftError(
                "boto3 is not installed for the Python that runs this module.",
                "Run `make setup`, or install boto3.",
            )
        self._core = botocore.session.Session(profile=connection.profile)
        try:
            region = self._core.get_config_variable("region")
            attempts = self._core.get_config_variable("max_attempts")
        except ProfileNotFound as error:
            name = connection.profile or os.environ.get("AWS_PROFILE")
            raise AirliftError(
                f"The AWS profile {name} is not configured.",
                "Correct profile (airlift_profile), or AWS_PROFILE.",
            ) from error
        except (BotoCoreError, ValueError) as error:
            raise AirliftError(f"The AWS configuration cannot be read: {error}.") from error
        region = connection.region or os.environ.get("AWS_REGION") or region
        if not region:
            raise AirliftError("No AWS region is set.", "Set `region` (airlift_region), or AWS_REGION.")
        self.region: str = region
        self.endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or connection.endpoint_url
        self._connection = connection
        self._config = Config(
            retries={
                "mode": "standard",
                "total_max_attempts": _HURRIED_ATTEMPTS if hurried else int(attempts or _ATTEMPTS),
            },
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_HURRIED_READ_SECONDS if hurried else _READ_SECONDS,
            max_pool_connections=THREADS,
            user_agent_extra=f"airlift/{VERSION}",
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @overload
    def client(self, service: Literal["acm"]) -> ACMClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: Literal["resourcegroupstaggingapi", "pricing", "service-quotas"]) -> Any: ...
    def client(self, service: str) -> Any:
        """Return the client for ``service``, the same for every caller."""
        client = self._clients.get(service)
        if client is None:
            with self._lock:
                client = self._clients.get(service) or self._create(service)
                self._clients[service] = client
        return client

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, ``aws-us-gov``: the second word of every ARN in this region."""
        try:
            return str(self._core.get_partition_for_region(self.region))
        except UnknownRegionError:
            return "aws"

    def verify_access(self) -> Identity:
        """Ask AWS who we are (sts:GetCallerIdentity).

        Raises ``AirliftError`` with one sentence that says which of the many reasons keeps it from saying.
        """
        try:
            answer = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            if code_of(error) in NOT_KNOWN_HERE and (account_id := self._known_elsewhere()):
                raise region_not_enabled(self.region, account_id) from error
            raise access_error(error, self.region, self.endpoint_url, self._known_region()) from error
        return Identity(answer["Account"], answer["Arn"])

    def _known_elsewhere(self) -> str | None:
        """Return the account, if the region that is enabled in every account knows these credentials."""
        if self.partition != "aws" or self.region == _ENABLED_EVERYWHERE:
            return None
        try:
            return str(self._create("sts", _ENABLED_EVERYWHERE).get_caller_identity()["Account"])
        except (BotoCoreError, ClientError):
            return None

    def _known_region(self) -> bool:
        """Whether botocore has heard of the region: a typing error otherwise looks like a dead network."""
        partitions = self._core.get_available_partitions()
        return any(self.region in self._core.get_available_regions("ec2", one) for one in partitions)

    def _create(self, service: str, region: str | None = None) -> Any:
        # Left to botocore where the environment says it, so that AWS_ENDPOINT_URL_<SERVICE> goes on working.
        override = f"AWS_ENDPOINT_URL_{service.upper()}"
        from_environment = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get(override)
        config = self._config
        if _is_on_this_machine(os.environ.get(override) or self.endpoint_url or ""):
            config = config.merge(Config(proxies={}))
        if service == "s3":
            # Or an address that it signs is of the kind of 2006, which newer regions do not take.
            config = config.merge(Config(signature_version="s3v4"))
        client = self._core.create_client(
            service,
            region_name=region or self.region,
            endpoint_url=None if from_environment else self._connection.endpoint_url,
            aws_access_key_id=self._connection.access_key,
            aws_secret_access_key=self._connection.secret_key,
            aws_session_token=self._connection.session_token,
            config=config,
        )
        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{name}", _never_repeat_blindly)
        return client


def _is_on_this_machine(endpoint_url: str) -> bool:
    """Whether the endpoint is a loopback address, which no proxy can reach for us."""
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _never_repeat_blindly(
    operation: Any, caught_exception: Exception | None = None, **_event: object
) -> None:
    """Give up on a creation whose reply was lost, where botocore would send it once more.

    The next look then tells whether the resource exists. Without this a lost reply makes a second VPC.
    """
    lost = isinstance(caught_exception, HTTPClientError) and not isinstance(
        caught_exception, (ConnectTimeoutError, EndpointConnectionError)
    )
    if lost and caught_exception is not None and operation.name.startswith(_NEVER_BLINDLY_REPEATED):
        raise caught_exception
