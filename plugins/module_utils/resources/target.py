"""Targets: the registration of one instance and port in a target group. They carry no tags of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .elbv2 import keys_in, our_target_groups
from .kind import KEY_TAG, STACK_TAG, Context, Kind
from .passing import Passing, codes
from .tag_index import Tags, arns_of, tags_of
from .tagging import as_mapping, is_ours
from .values import absent, arn, number, text

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client


class Target(Kind):
    """A registered instance: ``target_group``, ``instance_id``, ``port``.

    Its key follows its instance's: ``compute/host/1`` is ``ingress/target/1``. Instances that others
    registered in our group are left alone.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
    """

    name: ClassVar[str] = "target"
    schema: ClassVar[Schema] = declare(
        target_group=IMMUTABLE,
        instance_id=IMMUTABLE,
        port=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"target_group", "instance"})
    create_before_delete: ClassVar[bool] = True
    not_yet: ClassVar[tuple[Passing, ...]] = codes("TargetGroupNotFound", "InvalidTarget")
    """``InvalidTarget``: the load balancers have not heard yet that the instance exists, or runs."""
    consistency_seconds: ClassVar[float] = 300.0
    gone_seconds: ClassVar[int] = 330
    """More than AWS' default deregistration delay, and than the stack's own."""

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the targets of each of our target groups, and one for those where it is needed."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        groups = arns_of(context, keys_in(wanted, "target_group"))
        if groups is not None:
            with absent("TargetGroupNotFound"):
                return _of(client, context, groups)
        return _of(client, context, [one["TargetGroupArn"] for one, _ in our_target_groups(client, context)])

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Register the instance. It becomes healthy with its first release, so that is not waited for."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        group, instance = text(properties, "target_group"), text(properties, "instance_id")
        port = number(properties, "port")
        client.register_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": port}])
        return _found(key, group, instance, port)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Move the registration to another port, as its edge moves."""
        self.delete(context, found)
        return self.create(context, found.key, properties)

    def delete(self, context: Context, found: Found) -> None:
        """Deregister it. Until its requests have finished it is draining."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        with absent("TargetGroupNotFound", "InvalidTarget"):
            client.deregister_targets(
                TargetGroupArn=text(found.properties, "target_group"),
                Targets=[
                    {"Id": text(found.properties, "instance_id"), "Port": number(found.properties, "port")}
                ],
            )

    def gone(self, context: Context, found: Found) -> bool:
        """Whether its requests have finished; before that its instance must not go."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        mine = (text(found.properties, "instance_id"), number(found.properties, "port"))
        with absent("TargetGroupNotFound"):
            answer = client.describe_target_health(TargetGroupArn=text(found.properties, "target_group"))
            return all(
                (one["Target"]["Id"], one["Target"].get("Port", 0)) != mine
                for one in answer["TargetHealthDescriptions"]
                if one.get("TargetHealth", {}).get("State") == "draining"
            )
        return True


def _of(client: ElasticLoadBalancingv2Client, context: Context, groups: Sequence[str]) -> list[Found]:
    """Return the targets of ``groups`` that are instances of ours and not on their way out."""
    registered = [
        (group, one["Target"]["Id"], one["Target"].get("Port", 0))
        for group in groups
        for one in client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        if one.get("TargetHealth", {}).get("State") != "draining"
    ]
    keys = _keys(context, sorted({instance for _, instance, _ in registered}))
    return [
        _found(keys[instance], group, instance, port)
        for group, instance, port in registered
        if instance in keys
    ]


def _keys(context: Context, instances: Sequence[str]) -> dict[str, str]:
    """Return the target's key for each instance that is ours."""
    prefix = arn(context, "ec2", "instance/")
    tags = tags_of(context, [prefix + one for one in instances], lambda arns: _instance_tags(context, arns))
    return {
        one.removeprefix(prefix): f"ingress/target/{has[KEY_TAG].rsplit('/', 1)[-1]}"
        for one, has in tags.items()
        if is_ours(context, has)
    }


def _instance_tags(context: Context, arns: Sequence[str]) -> dict[str, Tags]:
    """Return the tags of instances of ours. A terminated one gets a key that nothing wants."""
    ec2: EC2Client = context.session.client("ec2")
    by_id = {one.rsplit("/", 1)[-1]: one for one in arns}
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "instance-id", "Values": list(by_id)},
            {"Name": f"tag:{STACK_TAG}", "Values": [context.stack]},
        ]
    )
    tags: dict[str, Tags] = {}
    for instance in (one for page in pages for some in page["Reservations"] for one in some["Instances"]):
        name = instance["InstanceId"]
        leaving = instance["State"]["Name"] in ("shutting-down", "terminated")
        tags[by_id[name]] = as_mapping(instance["Tags"]) | ({KEY_TAG: f"left/{name}"} if leaving else {})
    return tags


def _found(key: str, group: str, instance: str, port: int) -> Found:
    return Found(
        kind="target",
        key=key,
        id=f"{group}/{instance}:{port}",
        properties={"target_group": group, "instance_id": instance, "port": port},
    )
