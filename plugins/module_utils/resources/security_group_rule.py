"""Security group rule. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, tag_specifications
from .kind import KEY_TAG, Context
from .read_cache import security_group_rules
from .tagging import as_mapping, as_pairs, is_ours
from .values import number, optional_text, text, touched

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        IpPermissionTypeDef,
        SecurityGroupRuleRequestTypeDef,
        SecurityGroupRuleTypeDef,
    )

_PEERS = ("cidr", "peer_group", "prefix_list")


class SecurityGroupRule(Ec2Kind["SecurityGroupRuleTypeDef"]):
    """One rule, known by its own tags. Output: ``id``.

    Properties: ``group``, ``direction`` (ingress or egress), ``protocol``, ``from_port``, ``to_port``,
    ``description``, and one peer of ``cidr``, ``peer_group`` (a security group's id), ``prefix_list``.
    """

    name: ClassVar[str] = "security group rule"
    schema: ClassVar[Schema] = declare(
        group=IMMUTABLE,
        direction=IMMUTABLE,
        protocol=UPDATABLE,
        from_port=UPDATABLE,
        to_port=UPDATABLE,
        description=UPDATABLE,
        cidr=UPDATABLE,
        peer_group=UPDATABLE,
        prefix_list=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"security_group"})
    deletable_in_use: ClassVar[bool] = True
    id_filter: ClassVar[str] = "security-group-rule-id"

    def describe(
        self, context: Context, filters: Sequence[FilterTypeDef]
    ) -> Iterable[SecurityGroupRuleTypeDef]:
        """Page through DescribeSecurityGroupRules."""
        pages = client(context).get_paginator("describe_security_group_rules")
        for page in pages.paginate(Filters=filters):
            yield from page["SecurityGroupRules"]

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return the stack's rules, out of all that are in its groups."""
        found = (self.found(context, rule) for rule in security_group_rules(context))
        return [one for one in found if one is not None]

    def found(self, context: Context, item: SecurityGroupRuleTypeDef) -> Found | None:
        """Read one rule."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        properties = _properties(item)
        identifier = item["SecurityGroupRuleId"]
        return Found("security_group_rule", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Authorize the rule; one that is there already without our tags is adopted."""
        try:
            identifier = self._authorize(context, key, properties)
        except ClientError as error:
            if code_of(error) != "InvalidPermission.Duplicate":
                raise
            identifier = self._adopt(context, key, properties, error)
        return Found(
            "security_group_rule", key, identifier, properties, {"id": identifier}, context.tags_for(key)
        )

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Modify the rule in place; for another peer, authorize the new rule and then revoke the old one."""
        peers_before = {name for name in _PEERS if found.properties.get(name) is not None}
        peers_after = {name for name in _PEERS if properties.get(name) is not None}
        if peers_before != peers_after or touched(changes) & {"peer_group", "prefix_list"}:
            new = self.create(context, found.key, properties)
            self.delete(context, found)
            return new
        request: SecurityGroupRuleRequestTypeDef = {
            "IpProtocol": text(properties, "protocol"),
            "FromPort": number(properties, "from_port"),
            "ToPort": number(properties, "to_port"),
            "Description": optional_text(properties, "description") or "",
            **_peer(properties),
        }
        client(context).modify_security_group_rules(
            GroupId=text(properties, "group"),
            SecurityGroupRules=[{"SecurityGroupRuleId": found.id, "SecurityGroupRule": request}],
        )
        return replace(found, properties=properties)

    def delete(self, context: Context, found: Found) -> None:
        """Revoke the rule."""
        group, ec2 = text(found.properties, "group"), client(context)
        with ignore_not_found():
            egress = found.properties["direction"] == "egress"
            revoke = ec2.revoke_security_group_egress if egress else ec2.revoke_security_group_ingress
            revoke(GroupId=group, SecurityGroupRuleIds=[found.id])

    def _authorize(self, context: Context, key: str, properties: Mapping[str, Value]) -> str:
        ec2 = client(context)
        egress = properties["direction"] == "egress"
        authorize = ec2.authorize_security_group_egress if egress else ec2.authorize_security_group_ingress
        rules = authorize(
            GroupId=text(properties, "group"),
            IpPermissions=[_permission(properties)],
            TagSpecifications=tag_specifications(context, key, "security-group-rule"),
        )["SecurityGroupRules"]
        return rules[0]["SecurityGroupRuleId"]

    def _adopt(
        self, context: Context, key: str, properties: Mapping[str, Value], duplicate: ClientError
    ) -> str:
        """Tag the rule that AWS calls a duplicate. Raises ``duplicate`` if another of our keys has it."""
        for item in self.describe(context, [{"Name": "group-id", "Values": [text(properties, "group")]}]):
            there = _properties(item)
            same = all(there.get(name) == properties.get(name) for name in there.keys() - {"description"})
            if same and KEY_TAG not in as_mapping(item.get("Tags", [])):
                identifier = item["SecurityGroupRuleId"]
                client(context).create_tags(Resources=[identifier], Tags=as_pairs(context.tags_for(key)))
                return identifier
        raise duplicate


def _properties(item: SecurityGroupRuleTypeDef) -> dict[str, Value]:
    """Return a rule in the blueprint's shape. The embedded AWS drops descriptions of rules between groups."""
    properties: dict[str, Value] = {
        "group": item["GroupId"],
        "direction": "egress" if item["IsEgress"] else "ingress",
        "protocol": item["IpProtocol"],
        "from_port": item.get("FromPort", -1),
        "to_port": item.get("ToPort", -1),
        "cidr": item.get("CidrIpv4") or item.get("CidrIpv6"),
        "peer_group": item.get("ReferencedGroupInfo", {}).get("GroupId"),
        "prefix_list": item.get("PrefixListId"),
    }
    if "Description" in item or properties["peer_group"] is None:
        properties["description"] = item.get("Description", "")
    return properties


def _peer(properties: Mapping[str, Value]) -> SecurityGroupRuleRequestTypeDef:
    """Return the peer as ModifySecurityGroupRules takes it."""
    if (cidr := optional_text(properties, "cidr")) is not None:
        return {"CidrIpv4": cidr}
    if (group := optional_text(properties, "peer_group")) is not None:
        return {"ReferencedGroupId": group}
    return {"PrefixListId": text(properties, "prefix_list")}


def _permission(properties: Mapping[str, Value]) -> IpPermissionTypeDef:
    """Return the rule as the authorize calls take it."""
    described = optional_text(properties, "description") or ""
    permission: IpPermissionTypeDef = {
        "IpProtocol": text(properties, "protocol"),
        "FromPort": number(properties, "from_port"),
        "ToPort": number(properties, "to_port"),
    }
    if (cidr := optional_text(properties, "cidr")) is not None:
        permission["IpRanges"] = [{"CidrIp": cidr, "Description": described}]
    elif (group := optional_text(properties, "peer_group")) is not None:
        permission["UserIdGroupPairs"] = [{"GroupId": group, "Description": described}]
    else:
        permission["PrefixListIds"] = [
            {"PrefixListId": text(properties, "prefix_list"), "Description": described}
        ]
    return permission
