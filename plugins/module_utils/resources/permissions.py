"""Security group rules as people write them: ``tcp 443 from 0.0.0.0/0``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionOutputTypeDef, SecurityGroupRuleTypeDef


def permissions_in_words(permissions: Iterable[IpPermissionOutputTypeDef]) -> list[str]:
    """Return each peer of each permission (DescribeSecurityGroups) as one line, sorted."""
    return sorted(
        f"{_ports(one['IpProtocol'], one.get('FromPort', -1), one.get('ToPort', -1))} {peer}"
        for one in permissions
        for peer in _peers(one)
    )


def rule_in_words(rule: SecurityGroupRuleTypeDef) -> str:
    """Return one rule (DescribeSecurityGroupRules) as one line."""
    peer = (
        rule.get("CidrIpv4")
        or rule.get("CidrIpv6")
        or rule.get("PrefixListId")
        or rule.get("ReferencedGroupInfo", {}).get("GroupId", "?")
    )
    direction = "egress to" if rule["IsEgress"] else "ingress from"
    ports = _ports(rule["IpProtocol"], rule.get("FromPort", -1), rule.get("ToPort", -1))
    return f"{direction} {peer}, {ports}"


def _peers(permission: IpPermissionOutputTypeDef) -> Iterator[str]:
    yield from (one["CidrIp"] for one in permission.get("IpRanges", []))
    yield from (one["CidrIpv6"] for one in permission.get("Ipv6Ranges", []))
    yield from (one["PrefixListId"] for one in permission.get("PrefixListIds", []))
    yield from (one["GroupId"] for one in permission.get("UserIdGroupPairs", []))


def _ports(protocol: str, first: int, last: int) -> str:
    if protocol == "-1":
        return "all traffic"
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
