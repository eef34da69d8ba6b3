"""Zones that have no room for an instance, which a run goes round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws.errors import code_of, message_of
from ..errors import AirliftError
from .ec2 import client
from .kind import Context

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

_FULL = frozenset({"InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientHostCapacity"})
"""https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-error-codes.html"""


def is_full(error: ClientError) -> bool:
    """Whether ``error`` says that the zone has no such instance now, or never has."""
    return code_of(error) in _FULL or (
        code_of(error) == "Unsupported" and "Availability Zone" in message_of(error)
    )


def emptiest_first(
    context: Context, subnets: Sequence[str], predecessors: Iterable[InstanceTypeDef]
) -> list[str]:
    """Return ``subnets``, last those in whose zone a predecessor died for want of room."""
    full = {
        one["Placement"].get("AvailabilityZone")
        for one in predecessors
        if one.get("StateReason", {}).get("Code") == "Server.InsufficientInstanceCapacity"
    }
    if not full:
        return list(subnets)
    zones = zones_of(context, subnets)
    return sorted(subnets, key=lambda one: zones.get(one) in full)


def no_room(context: Context, instance_type: str, subnets: Sequence[str], error: ClientError) -> AirliftError:
    """Return the one error for an instance that none of the stack's zones has room for."""
    zones = zones_of(context, subnets)
    names = ", ".join(zones.get(one, one) for one in subnets)
    said = f"{code_of(error)} {message_of(error)}".strip().rstrip(".")
    return AirliftError(
        f"None of the stack's zones has room for {instance_type} now ({names}). AWS said last: {said}.",
        "Try again later, take another compute.instance_type, or raise network.zones.",
    )


def zones_of(context: Context, subnets: Sequence[str]) -> dict[str, str]:
    """Return the zone of each subnet."""
    answer = client(context).describe_subnets(Filters=[{"Name": "subnet-id", "Values": list(subnets)}])
    return {one["SubnetId"]: one["AvailabilityZone"] for one in answer["Subnets"]}
