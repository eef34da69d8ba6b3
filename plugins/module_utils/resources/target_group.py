"""Target groups of application load balancers, with instances as targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UPDATABLE, Schema, declare
from .elbv2 import attribute_pairs, our_target_groups, read_attributes
from .kind import KEY_TAG, Context, Kind
from .passing import Passing, codes
from .tagging import as_pairs
from .values import absent, mapping, number, text, touched

if TYPE_CHECKING:
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef


class TargetGroup(Kind):
    """A target group: ``name``, ``vpc_id``, ``port``, ``health_check``, ``attributes``.

    ``port`` is the group's default, which every target overrides with its own: it is never compared.
    ``attributes`` have the API's names and its strings (``deregistration_delay.timeout_seconds``: ``"60"``).
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """

    name: ClassVar[str] = "target group"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        vpc_id=IMMUTABLE,
        port=CREATE_ONLY,
        health_check=UPDATABLE,
        attributes=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc"})
    not_yet: ClassVar[tuple[Passing, ...]] = (
        Passing("TargetGroupNotFound"),
        Passing("ValidationError", "is not found"),
    )
    """``ValidationError``: "The VPC ID 'vpc-…' is not found", as the load balancers say it."""
    still_used: ClassVar[tuple[Passing, ...]] = codes("ResourceInUse")

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for all of them, and one for the attributes of each of ours."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        found = []
        for group, tags in our_target_groups(client, context):
            answer = client.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])
            found.append(_found(group, tags[KEY_TAG], read_attributes(answer["Attributes"]), tags))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create it with its tags, then write its attributes."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        tags = context.tags_for(key)
        name = text(properties, "name")
        check = mapping(properties, "health_check")
        try:
            group = client.create_target_group(
                Name=name,
                Protocol="HTTP",
                TargetType="instance",
                Port=number(properties, "port"),
                VpcId=text(properties, "vpc_id"),
                HealthCheckProtocol="HTTP",
                HealthCheckPort="traffic-port",
                HealthCheckPath=text(check, "path"),
                HealthCheckIntervalSeconds=number(check, "interval_seconds"),
                HealthCheckTimeoutSeconds=number(check, "timeout_seconds"),
                HealthyThresholdCount=number(check, "healthy_threshold"),
                UnhealthyThresholdCount=number(check, "unhealthy_threshold"),
                Matcher={"HttpCode": text(check, "success_codes")},
                Tags=as_pairs(tags),
            )["TargetGroups"][0]
        except ClientError as error:
            if code_of(error) != "DuplicateTargetGroupName":
                raise
            raise AirliftError(
                f"A target group named {name} exists already and is not as this stack would make it; "
                "it was not touched.",
                "Choose another stack name, or delete that target group if nothing needs it.",
            ) from error
        attributes = mapping(properties, "attributes")
        client.modify_target_group_attributes(
            TargetGroupArn=group["TargetGroupArn"], Attributes=attribute_pairs(attributes)
        )
        return _found(group, key, attributes, tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write what differs: each is one idempotent call."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        parts = touched(changes)
        if "health_check" in parts:
            check = mapping(properties, "health_check")
            client.modify_target_group(
                TargetGroupArn=found.id,
                HealthCheckPath=text(check, "path"),
                HealthCheckIntervalSeconds=number(check, "interval_seconds"),
                HealthCheckTimeoutSeconds=number(check, "timeout_seconds"),
                HealthyThresholdCount=number(check, "healthy_threshold"),
                UnhealthyThresholdCount=number(check, "unhealthy_threshold"),
                Matcher={"HttpCode": text(check, "success_codes")},
            )
        if "attributes" in parts:
            client.modify_target_group_attributes(
                TargetGroupArn=found.id, Attributes=attribute_pairs(mapping(properties, "attributes"))
            )
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        client.add_tags(ResourceArns=[found.id], Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete it; its listeners have gone before."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        with absent("TargetGroupNotFound"):
            client.delete_target_group(TargetGroupArn=found.id)


def _found(
    group: TargetGroupTypeDef, key: str, attributes: Mapping[str, Value], tags: Mapping[str, str]
) -> Found:
    return Found(
        kind="target_group",
        key=key,
        id=group["TargetGroupArn"],
        properties={
            "name": group["TargetGroupName"],
            "vpc_id": group["VpcId"],
            "health_check": {
                "path": group.get("HealthCheckPath"),
                "interval_seconds": group.get("HealthCheckIntervalSeconds"),
                "timeout_seconds": group.get("HealthCheckTimeoutSeconds"),
                "healthy_threshold": group.get("HealthyThresholdCount"),
                "unhealthy_threshold": group.get("UnhealthyThresholdCount"),
                "success_codes": group.get("Matcher", {}).get("HttpCode"),
            },
            "attributes": attributes,
        },
        outputs={"arn": group["TargetGroupArn"]},
        tags=tags,
    )
