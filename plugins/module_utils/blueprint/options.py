"""What the owner wants, layer by layer, as frozen data.

The module's arguments arrive as one nested mapping; ``StackOptions.parse`` turns it into these classes and
checks what holds for every layer (names, types, regular expressions). What only one layer knows is checked in
that layer's own file. Files named in options have been read at the edge: here is only their text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from ..errors import BlueprintError

NAME = re.compile(r"^(?!aws|ssm|internal-|sg(-|$))[a-z][a-z0-9-]{0,18}[a-z0-9]$")
"""Parameters may not begin with aws or ssm, security groups with sg-, load balancers with internal-."""
REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-[0-9]$")

NatMode = Literal["single", "per_zone", "none"]
Access = Literal["ssh", "ssm"]


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """The VPC: its address range, over how many zones it spans, how private subnets reach the internet."""

    cidr: str = "10.213.0.0/16"
    zones: int = 2
    nat: NatMode = "single"
    s3_endpoint: bool = True
    admin_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """IAM: an ARN that bounds what the hosts' role may ever do."""

    permissions_boundary: str | None = None


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """The bucket: how long replaced objects and access logs are kept."""

    expire_noncurrent_days: int = 30
    log_expiry_days: int = 90


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """The image repository: how many images its lifecycle keeps."""

    keep_images: int = 10


@dataclass(frozen=True, slots=True)
class SecretsOptions:
    """Secrets Manager: how long a deleted secret can be brought back. 0 deletes it at once."""

    recovery_window_days: int = 7


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The hosts: how many, of which type and image, and how people reach them."""

    count: int = 2
    instance_type: str = "m7i.large"
    image_name: str = "debian-13-amd64-*"
    image_owners: tuple[str, ...] = ("136693071363",)
    volume_gib: int = 30
    spot: bool = False
    hop_limit: int = 1
    access: Access = "ssh"
    ssh_public_key: str | None = None


@dataclass(frozen=True, slots=True)
class IngressOptions:
    """The load balancer. ``certificate``, ``certificate_chain`` and ``private_key`` are PEM text."""

    domain: str
    certificate: str
    private_key: str = field(repr=False)
    certificate_chain: str | None = None
    allowed_cidrs: tuple[str, ...] = ("0.0.0.0/0",)
    health_path: str = "/health"
    edge_port: int = 8080
    idle_timeout_seconds: int = 300
    deletion_protection: bool = False
    tls_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, slots=True)
class ObservabilityOptions:
    """CloudWatch: how long logs are kept."""

    log_retention_days: int = 30


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """Releases. Nothing to choose yet."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The whole wanted stack. A layer left out has its defaults; ``ingress`` left out means no ingress."""

    name: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
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

        Raises ``BlueprintError`` that names every option that is unknown, missing or of the wrong type.
        """
        errors: list[str] = []
        options = cast("StackOptions", _parse(cls, raw, "", errors))
        if not errors:
            errors.extend(_common_errors(options))
        if errors:
            raise BlueprintError("\n".join(errors))
        return options


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


def _parse(cls: type[object], raw: Mapping[str, object], path: str, errors: list[str]) -> object:
    """Build the dataclass ``cls`` from ``raw``; what is wrong is added to ``errors``."""
    hints = get_type_hints(cls)
    known = {item.name: item for item in fields(cast("Any", cls))}
    for name in raw.keys() - known.keys():
        close = difflib.get_close_matches(name, known, n=1)
        errors.append(f"Unknown option {path}{name}." + (f" Did you mean {path}{close[0]}?" if close else ""))
    values: dict[str, object] = {}
    before = len(errors)
    for name in known:
        value = raw.get(name)
        if value is not None:
            values[name] = _convert(hints[name], value, f"{path}{name}", errors)
    if len(errors) > before:
        return None
    try:
        return cls(**values)
    except TypeError as error:
        missing = re.findall(r"'(\w+)'", str(error))
        errors.append(f"Missing option {' and '.join(path + name for name in missing)}.")
        return None


def _convert(hint: object, value: object, path: str, errors: list[str]) -> object:
    """Return ``value`` as the annotated type ``hint``; sequences become tuples."""
    alternatives = [one for one in get_args(hint) if one is not type(None)]
    if type(None) in get_args(hint):
        hint = alternatives[0]
    origin = get_origin(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        if isinstance(value, Mapping):
            return _parse(hint, value, f"{path}.", errors)
        errors.append(f"{path} must be a mapping of options.")
        return None
    if origin is Literal:
        if value not in get_args(hint):
            errors.append(f"{path} is {value!r}; it must be one of {', '.join(map(str, get_args(hint)))}.")
        return value
    if origin is tuple:
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else [None]
        if all(isinstance(item, str) for item in items):
            return tuple(items)
        errors.append(f"{path} must be a list of strings.")
        return None
    if hint in (int, str, bool) and type(value) is not hint:
        words = {int: "a whole number", str: "a string", bool: "true or false"}
        errors.append(f"{path} is {value!r}; it must be {words[hint]}.")
    return value


def _common_errors(options: StackOptions) -> list[str]:
    """Return what is wrong with the options that belong to no layer."""
    errors = []
    if not NAME.match(options.name):
        errors.append(
            f"name is {options.name!r}; it must start with a lower-case letter and have 2 to 20 "
            "lower-case letters, digits or hyphens."
        )
    if not REGION.match(options.region):
        errors.append(f"region is {options.region!r}, which is no region, such as eu-central-1.")
    reserved = [tag for tag in options.tags if tag.lower().startswith(("aws:", "airlift:"))]
    if reserved:
        errors.append(f"tags may not begin with aws: or airlift: ({', '.join(sorted(reserved))}).")
    return errors
