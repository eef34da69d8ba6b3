"""Whose SSM agent answers. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import NeverUsableError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

    from ..aws.session import Session

FIRST_BOOT = timedelta(minutes=10)
"""How long a first boot may take until its agent answers: a NAT gateway may be coming up beside it."""
_AT_ONCE = 50


def answering(session: Session, instances: Sequence[str]) -> frozenset[str]:
    """Return those of ``instances`` whose agent is online."""
    pages = session.client("ssm").get_paginator("describe_instance_information")
    return frozenset(
        one["InstanceId"]
        for some in _portions(instances)
        for page in pages.paginate(Filters=[{"Key": "InstanceIds", "Values": some}])
        for one in page["InstanceInformationList"]
        if one.get("PingStatus") == "Online"
    )


def has_booted(session: Session, instance: InstanceTypeDef) -> bool:
    """Whether the agent of a new instance answers. Raises ``NeverUsableError`` if that takes too long."""
    identifier = instance["InstanceId"]
    if answering(session, [identifier]):
        return True
    if datetime.now(UTC) - instance["LaunchTime"] > FIRST_BOOT:
        raise NeverUsableError(
            f"{identifier} runs, but its SSM agent has not answered in {FIRST_BOOT.seconds // 60} minutes.",
            f"See why (aws ec2 get-console-output --instance-id {identifier}); mostly it reaches no network. "
            "Then terminate it and run the same command again: it makes its successor.",
        )
    return False


def _portions(instances: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(instances), _AT_ONCE):
        yield list(instances[start : start + _AT_ONCE])
