"""What the owner wants, layer by layer, as frozen data: the one place where an option is written.

The argument spec of ``airlift.stack.aws_stack``, its documentation, the variables that playbooks know and the
checks of names, types and ranges all follow from these classes (``option_schema``). What only one layer
knows is checked in that layer's own file. Files named in options have been read at the edge: here is only
their text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from ..errors import BlueprintError
from ..option_schema.declared import Option, declared, made
from ..option_schema.reading import read
from .addresses import MAX_ZONES
from .stack_name import stack_name_faults
from .tags import tag_faults

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
MAX_HOSTS = 20


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """The VPC."""

    cidr: Annotated[str, Option("The VPC's addresses, between V(/16) and V(/24).")] = "10.213.0.0/16"
    zones: Annotated[
        int, Option("Over how many availability zones the stack spans.", minimum=1, maximum=MAX_ZONES)
    ] = 2
    nat: Annotated[
        Literal["single", "per_zone", "none"],
        Option(
            "How hosts in private subnets reach the internet. V(single) is one NAT gateway for all zones, "
            "V(per_zone) one for each, V(none) is for networks that have another way out."
        ),
    ] = "single"
    s3_endpoint: Annotated[
        bool,
        Option("Whether S3 is reached through a gateway endpoint, which is free and spares the NAT gateway."),
    ] = True
    admin_cidrs: Annotated[tuple[str, ...], Option("From where the hosts may be reached by SSH.")] = ()


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """IAM."""

    permissions_boundary: Annotated[
        str | None, Option("The ARN of a policy that bounds the hosts' role.")
    ] = None


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """The bucket of models and access logs."""

    expire_noncurrent_days: Annotated[
        int, Option("After how many days replaced objects are deleted.", minimum=1, maximum=3650)
    ] = 30
    log_expiry_days: Annotated[
        int, Option("After how many days access logs are deleted.", minimum=1, maximum=3650)
    ] = 90


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """The repository of images."""

    keep_images: Annotated[
        int,
        Option(
            "How many of the newest images are kept, besides those of the release and of the one before.",
            minimum=2,
            maximum=1000,
        ),
    ] = 10


@dataclass(frozen=True, slots=True)
class SecretsOptions:
    """The API keys in Secrets Manager."""

    recovery_window_days: Annotated[
        int,
        Option("For how many days a deleted secret can be brought back, V(7) to V(30). V(0) is not at all."),
    ] = 7


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The hosts."""

    count: Annotated[
        int, Option("How many. They are spread over the zones.", minimum=0, maximum=MAX_HOSTS)
    ] = 2
    instance_type: Annotated[str, Option("The EC2 instance type.")] = "m7i.large"
    image_name: Annotated[
        str,
        Option(
            "The name of the image, in which V(*) stands for anything. The newest one is taken for new "
            "hosts; existing hosts keep theirs."
        ),
    ] = "debian-13-amd64-*"
    image_owners: Annotated[
        tuple[str, ...],
        Option("Whose images count, by account id or alias. The default is Debian's account."),
    ] = ("136693071363",)
    volume_gib: Annotated[
        int,
        Option("The size of the encrypted root volume, in GiB.", minimum=8, maximum=16384),
    ] = 30
    spot: Annotated[bool, Option("Whether the hosts are spot instances.")] = False
    hop_limit: Annotated[
        int,
        Option(
            "How many network hops the metadata service answers over. V(1) keeps containers away from it; "
            "V(2) is for containers that have to reach it.",
            minimum=1,
            maximum=2,
        ),
    ] = 1
    access: Annotated[
        Literal["ssh", "ssm"], Option("Whether hosts are reached by SSH or through SSM, over no open port.")
    ] = "ssh"
    ssh_public_key: Annotated[
        str | None,
        Option(
            "The public key that hosts accept, one line in OpenSSH's form. Needed with O(compute.access=ssh)."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class IngressOptions:
    """The load balancer with its certificate. Without this option the stack has none."""

    domain: Annotated[str, Option("The name under which the endpoint is reached.")]
    certificate: Annotated[str, Option("The certificate in PEM form.", file=True)]
    private_key: Annotated[
        str, Option("The certificate's private key in PEM form, without a passphrase.", file=True)
    ] = field(repr=False)
    certificate_chain: Annotated[
        str | None,
        Option("The certificates between it and the authority, in PEM form.", file=True),
    ] = None
    allowed_cidrs: Annotated[tuple[str, ...], Option("From where the endpoint may be reached.")] = (
        "0.0.0.0/0",
    )
    health_path: Annotated[
        str, Option("The path by which the load balancer asks a host whether it serves.")
    ] = "/health"
    edge_port: Annotated[
        int, Option("The port on which the hosts' edge proxy listens.", minimum=1, maximum=65535)
    ] = 8080
    idle_timeout_seconds: Annotated[
        int,
        Option("How long a request may be silent; the edge's limits follow.", minimum=120, maximum=4000),
    ] = 1200
    deletion_protection: Annotated[bool, Option("Whether AWS refuses to delete the load balancer.")] = False
    tls_policy: Annotated[str, Option("The load balancer's TLS security policy.")] = (
        "ELBSecurityPolicy-TLS13-1-2-2021-06"
    )


@dataclass(frozen=True, slots=True)
class ObservabilityOptions:
    """CloudWatch."""

    log_retention_days: Annotated[int, Option("For how many days logs are kept.")] = 30


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """Releases. There is nothing to choose yet."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The whole wanted stack. A layer left out has its defaults; ``ingress`` left out means no ingress."""

    name: Annotated[
        str,
        Option(
            "The stack's name, part of those of its resources: two to twenty lower-case letters, digits and "
            "hyphens, a letter first."
        ),
    ]
    region: str
    tags: Annotated[
        Mapping[str, str],
        Option(
            "Further tags for every resource, of letters, digits, spaces and C(_ . : / = + - @), the values "
            "up to 256 characters. Tags that others add are left alone."
        ),
    ] = field(default_factory=dict)
    network: NetworkOptions = NetworkOptions()
    identity: IdentityOptions = IdentityOptions()
    storage: StorageOptions = StorageOptions()
    registry: RegistryOptions = RegistryOptions()
    secrets: SecretsOptions = SecretsOptions()
    compute: ComputeOptions = ComputeOptions()
    ingress: IngressOptions | None = None
    observability: ObservabilityOptions = ObservabilityOptions()
    delivery: DeliveryOptions = DeliveryOptions()

    @classmethod
    def parse(cls, raw: Mapping[str, object]) -> StackOptions:
        """Read nested options; values of ``None`` mean the default.

        Raises ``BlueprintError`` that names every option that is unknown, missing or cannot be what it is.
        """
        errors: list[str] = []
        values = read(declared(cls), raw, errors)
        errors.extend(common_faults(values))
        if errors:
            raise BlueprintError("\n".join(errors))
        return made(cls, values)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up in AWS before the blueprint: the account, its zones, the image for new hosts.

    ``image_id`` is None where no image matches: that is an error only if a host has to be created.
    ``new_api_key`` is a fresh random key, used only if the secret has to be created.
    """

    account_id: str
    region: str
    zones: tuple[str, ...]
    image_id: str | None = None
    root_device_name: str = "/dev/xvda"
    partition: str = "aws"
    new_api_key: str = field(default="", repr=False)


def common_faults(values: Mapping[str, object]) -> list[str]:
    """Return what is wrong with those of the options that belong to no layer."""
    faults = stack_name_faults(values["name"]) if "name" in values else []
    region = values.get("region")
    if isinstance(region, str) and not REGION.fullmatch(region):
        faults.append(f"region is {region!r}, which is no region, such as eu-central-1.")
    tags = values.get("tags")
    return faults + tag_faults(tags if isinstance(tags, Mapping) else {})
