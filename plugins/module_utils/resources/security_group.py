"""Security group. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UNORDERED, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, retry_until_visible, tag_specifications
from .kind import KEY_TAG, Context
from .permissions import rule_in_words
from .read_cache import security_group_rules, security_groups
from .tagging import as_mapping, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        IpPermissionTypeDef,
        SecurityGroupRuleTypeDef,
        SecurityGroupTypeDef,
    )


class SecurityGroup(Ec2Kind["SecurityGroupTypeDef"]):
    """Properties: ``vpc``, ``group_name``, ``description``, ``foreign_rules`` (wanted empty). Output: ``id``.

    Its own rules are resources of the kind ``security_group_rule``. Any other rule in it, such as a port that
    somebody opened in the console, is drift of the group: shown in the plan in words, and revoked.
    """

    name: ClassVar[str] = "security group"
    schema: ClassVar[Schema] = declare(
        vpc=IMMUTABLE,
        group_name=IMMUTABLE,
        description=IMMUTABLE,
        foreign_rules=UNORDERED,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc"})
    id_filter: ClassVar[str] = "group-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[SecurityGroupTypeDef]:
        """Page through DescribeSecurityGroups, without default groups."""
        for page in client(context).get_paginator("describe_security_groups").paginate(Filters=filters):
            yield from (group for group in page["SecurityGroups"] if group["GroupName"] != "default")

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return the stack's groups by one describe, and what is in all of them by another."""
        items = (group for group in security_groups(context) if group["GroupName"] != "default")
        groups = [one for group in items if (one := self.found(context, group)) is not None]
        foreign: dict[str, list[Value]] = {group.id: [] for group in groups}
        for rule in security_group_rules(context):
            if rule["GroupId"] in foreign and not is_ours(context, as_mapping(rule.get("Tags", []))):
                foreign[rule["GroupId"]].append(rule_in_words(rule))
        return [
            replace(group, properties={**group.properties, "foreign_rules": foreign[group.id]})
            for group in groups
        ]

    def found(self, context: Context, item: SecurityGroupTypeDef) -> Found | None:
        """Read one group, without its rules."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        properties: dict[str, Value] = {
            "vpc": item["VpcId"],
            "group_name": item["GroupName"],
            "description": item["Description"],
        }
        identifier = item["GroupId"]
        return Found("security_group", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the group and revoke the rule that AWS puts into every new one: egress to everywhere."""
        identifier = client(context).create_security_group(
            VpcId=text(properties, "vpc"),
            GroupName=text(properties, "group_name"),
            Description=text(properties, "description"),
            TagSpecifications=tag_specifications(context, key, "security-group"),
        )["GroupId"]
        everything: list[IpPermissionTypeDef] = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        retry_until_visible(
            lambda: client(context).revoke_security_group_egress(GroupId=identifier, IpPermissions=everything)
        )
        return Found("security_group", key, identifier, properties, {"id": identifier}, context.tags_for(key))

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Revoke foreign rules."""
        self._revoke(context, found.id)
        return replace(found, properties=properties)

    def delete(self, context: Context, found: Found) -> None:
        """Delete the group."""
        with ignore_not_found():
            client(context).delete_security_group(GroupId=found.id)

    def _foreign(self, context: Context, group: str) -> Iterator[SecurityGroupRuleTypeDef]:
        """Yield the rules in ``group`` that are no resource of the stack."""
        pages = client(context).get_paginator("describe_security_group_rules")
        for page in pages.paginate(Filters=[{"Name": "group-id", "Values": [group]}]):
            for rule in page["SecurityGroupRules"]:
                if not is_ours(context, as_mapping(rule.get("Tags", []))):
                    yield rule

    def _revoke(self, context: Context, group: str) -> None:
        ec2 = client(context)
        rules = list(self._foreign(context, group))
        ingress = [rule["SecurityGroupRuleId"] for rule in rules if not rule["IsEgress"]]
        egress = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"]]
        if ingress:
            ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ingress)
        if egress:
            ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=egress)
