"""Targets: the registration of one instance and port in a target group. They carry no tags of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Found, Value, Wanted
from .elbv2 import our_target_groups
from .kind import KEY_TAG, STACK_TAG, Context, Kind
from .tagging import as_mapping
from .values import absent, number, text

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef


class Target(Kind):
    """A registered instance: ``target_group``, ``instance_id``, ``port``.

    Its key follows its instance's: ``compute/host/1`` is ``ingress/target/1``. Instances that others
    registered in our group are left alone.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
    """

    name: ClassVar[str] = "target"
    after: ClassVar[frozenset[str]] = frozenset({"target_group", "instance", "listener"})
    immutable: ClassVar[frozenset[str]] = frozenset({"target_group", "instance_id", "port"})

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Two calls for our target groups, one for a group's targets, one for whose instances they are."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        found: list[Found] = []
        for group, _ in our_target_groups(client, context):
            registered = _registered(client, group)
            keys = _instance_keys(context, [instance for instance, _ in registered])
            found.extend(
                _found(_key(keys[instance], instance), group["TargetGroupArn"], instance, port)
                for instance, port in registered
                if instance in keys
            )
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Register the instance. It becomes healthy with its first release, so that is not waited for."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        group, instance = text(properties, "target_group"), text(properties, "instance_id")
        port = number(properties, "port")
        client.register_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": port}])
        return _found(key, group, instance, port)

    def delete(self, context: Context, found: Found) -> None:
        """Deregister it: the load balancer lets its requests finish."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        with absent("TargetGroupNotFound", "InvalidTarget"):
            client.deregister_targets(
                TargetGroupArn=text(found.properties, "target_group"),
                Targets=[
                    {"Id": text(found.properties, "instance_id"), "Port": number(found.properties, "port")}
                ],
            )


def _registered(client: ElasticLoadBalancingv2Client, group: TargetGroupTypeDef) -> list[tuple[str, int]]:
    """Return instance and port of each target that is not on its way out."""
    answer = client.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    return [
        (one["Target"]["Id"], one["Target"].get("Port", group.get("Port", 0)))
        for one in answer["TargetHealthDescriptions"]
        if one.get("TargetHealth", {}).get("State") != "draining"
    ]


def _instance_keys(context: Context, instances: Sequence[str]) -> dict[str, str | None]:
    """Return the key of each instance that is ours; None for one that is terminated but still registered."""
    if not instances:
        return {}
    ec2: EC2Client = context.session.client("ec2")
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "instance-id", "Values": list(instances)},
            {"Name": f"tag:{STACK_TAG}", "Values": [context.stack]},
        ]
    )
    keys: dict[str, str | None] = {}
    for page in pages:
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                leaving = one["State"]["Name"] in ("shutting-down", "terminated")
                keys[one["InstanceId"]] = None if leaving else as_mapping(one["Tags"]).get(KEY_TAG)
    return keys


def _key(instance_key: str | None, instance: str) -> str:
    """Return the target's key: one without a living instance is named so that nothing wants it."""
    return f"ingress/target/{instance_key.rsplit('/', 1)[-1] if instance_key else instance}"


def _found(key: str, group: str, instance: str, port: int) -> Found:
    return Found(
        kind="target",
        key=key,
        id=f"{group}/{instance}:{port}",
        properties={"target_group": group, "instance_id": instance, "port": port},
    )
