"""vCPU quotas of EC2: which one an instance type counts towards, and what is left of it.

Quotas are known by their names, as the documentation has them; their codes are documented nowhere.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

_NAMES = {
    False: re.compile(r"^Running On-Demand (.+) instances$"),
    True: re.compile(r"^All (.+) Spot Instance Requests$"),
}
_FAMILY = re.compile(r"^([a-z]+)(\d?)")


@dataclass(frozen=True, slots=True)
class Room:
    """What a quota allows and what runs under it, in vCPUs."""

    name: str
    limit: int
    used: int


def covers(name: str, instance_type: str, *, spot: bool) -> bool:
    """Whether instances of this type count towards the quota ``name``.

    ``All P4, P3 and P2 Spot Instance Requests`` is for p4d.24xlarge, ``Running On-Demand Standard (A, C, D,
    H, I, M, R, T, Z) instances`` for all whose first letter is in it and whose family has none of its own.
    """
    match, family = _NAMES[spot].match(name), _FAMILY.match(instance_type)
    if match is None or family is None:
        return False
    words = {word.lower() for word in re.findall(r"[A-Za-z]+\d*", match[1])}
    if "standard" in words:
        own = ("dl", "hpc", "inf", "mac", "trn")
        return instance_type[0] in words and not instance_type.startswith(own)
    # gr6 is a G with more memory.
    letters = "g" if family[1] == "gr" else family[1]
    return bool({letters, family[0]} & words)


def room_for(session: Session, instance_type: str, *, spot: bool) -> Room | None:
    """Return the room under the quota of an instance type; None where the account lists none for it.

    Asks servicequotas:ListServiceQuotas and ec2:DescribeInstances; raises what botocore raises.
    """
    pages = session.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="ec2")
    quotas: Mapping[str, float] = {one["QuotaName"]: one["Value"] for page in pages for one in page["Quotas"]}
    name = next((one for one in sorted(quotas) if covers(one, instance_type, spot=spot)), None)
    if name is None:
        return None
    running: list[FilterTypeDef] = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    found = session.client("ec2").get_paginator("describe_instances").paginate(Filters=running)
    instances = [
        i for page in found for reservation in page["Reservations"] for i in reservation["Instances"]
    ]
    return Room(name, int(quotas[name]), _used(instances, name, spot=spot))


def _used(instances: Sequence[InstanceTypeDef], name: str, *, spot: bool) -> int:
    counted = (
        one
        for one in instances
        if (one.get("InstanceLifecycle") == "spot") == spot and covers(name, one["InstanceType"], spot=spot)
    )
    return sum(_vcpus(one) for one in counted)


def _vcpus(instance: InstanceTypeDef) -> int:
    cpu = instance.get("CpuOptions", {})
    return cpu.get("CoreCount", 0) * cpu.get("ThreadsPerCore", 1)
