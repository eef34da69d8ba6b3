"""Instance. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..errors import AirliftError, NeverUsableError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UNORDERED, UPDATABLE, Schema, declare
from . import root_volume
from .capacity import emptiest_first, is_full, no_room
from .ec2 import Ec2Kind, client, ignore_not_found, is_our_token
from .instance_request import LEAVING, ROLE_TAG, is_replay, run_request
from .kind import KEY_TAG, STACK_TAG, Context
from .passing import EC2_NOT_VISIBLE, PROFILE_NOT_VISIBLE, Passing
from .profile_association import set_profile
from .ssm_agent import has_booted
from .tagging import as_mapping, is_ours
from .values import number, text, texts, touched

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

_REPLAYS = 10
_MODIFIED = "modified_volume"
"""The output that tells ``settled`` which volume has just been changed."""
_NEW = "first_boot"
"""The output that tells ``settled`` that the agent of a new instance has to answer."""

GROUP_TAG = "aws:autoscaling:groupName"
"""On instances that an Auto Scaling group made: they share the tags of its template, and are the group's."""


class Instance(Ec2Kind["InstanceTypeDef"]):
    """Outputs: ``id``, ``private_ip``, ``architecture``, ``root_volume``.

    Properties: ``instance_type``, ``image_id``, ``subnet``, ``other_subnets`` (which are tried where the zone
    of that one has no room), ``security_groups``, ``profile``, ``key_name``,
    ``role`` (its tag ``airlift:role``), ``state`` (wanted running), ``spot``, ``user_data``,
    ``ssm_agent`` (whether that installs one to wait for),
    ``ebs_optimized``; of its metadata service ``http_tokens``, ``hop_limit``; of its root volume
    ``root_device``, ``volume_gib``, ``volume_type``, ``volume_iops``, ``volume_throughput_mibps``,
    ``volume_encrypted``.
    """

    name: ClassVar[str] = "instance"
    schema: ClassVar[Schema] = declare(
        instance_type=IMMUTABLE,
        image_id=CREATE_ONLY,
        subnet=IMMUTABLE,
        other_subnets=CREATE_ONLY,
        security_groups=UNORDERED,
        profile=UPDATABLE,
        key_name=IMMUTABLE,
        role=UPDATABLE,
        state=UPDATABLE,
        spot=IMMUTABLE,
        user_data=CREATE_ONLY,
        ssm_agent=CREATE_ONLY,
        ebs_optimized=CREATE_ONLY,
        http_tokens=UPDATABLE,
        hop_limit=UPDATABLE,
        root_device=CREATE_ONLY,
        volume_gib=UPDATABLE,
        volume_type=UPDATABLE,
        volume_iops=UPDATABLE,
        volume_throughput_mibps=UPDATABLE,
        volume_encrypted=IMMUTABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"subnet", "security_group", "key_pair", "instance_profile"})
    create_before_delete: ClassVar[bool] = True
    deletable_in_use: ClassVar[bool] = True
    billable: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 30
    timeout_seconds: ClassVar[int] = 660
    """More than an agent has for its first answer."""
    gone_seconds: ClassVar[int] = 600
    """A GPU host takes minutes to shut down."""
    not_yet: ClassVar[tuple[Passing, ...]] = EC2_NOT_VISIBLE + PROFILE_NOT_VISIBLE
    consistency_seconds: ClassVar[float] = 180.0
    """IAM's profiles reach EC2 later than EC2's own."""
    id_filter: ClassVar[str] = "instance-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[InstanceTypeDef]:
        """Page through DescribeInstances."""
        for page in client(context).get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page["Reservations"]:
                yield from reservation["Instances"]

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return the stack's instances by one describe, and their root volumes by another."""
        instances = super().find(context, wanted)
        volumes = root_volume.read(
            context, [one.outputs["root_volume"] for one in instances if "root_volume" in one.outputs]
        )
        return [
            replace(one, properties={**one.properties, **volumes.get(one.outputs.get("root_volume", ""), {})})
            for one in instances
        ]

    def found(self, context: Context, item: InstanceTypeDef) -> Found | None:
        """Read one instance, without its volume."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags) or GROUP_TAG in tags or item["State"]["Name"] in LEAVING:
            return None
        options = item.get("MetadataOptions", {})
        running = item["State"]["Name"] in ("pending", "running")
        properties: dict[str, Value] = {
            "instance_type": item["InstanceType"],
            "subnet": item["SubnetId"],
            "security_groups": [group["GroupId"] for group in item["SecurityGroups"]],
            "profile": item["IamInstanceProfile"]["Arn"].rsplit("/", 1)[-1]
            if "IamInstanceProfile" in item
            else None,
            "key_name": item.get("KeyName"),
            "role": tags.get(ROLE_TAG),
            "state": "running" if running else "stopped",
            "spot": item.get("InstanceLifecycle") == "spot",
            "http_tokens": options.get("HttpTokens"),
            "hop_limit": options.get("HttpPutResponseHopLimit"),
        }
        return Found(
            "instance",
            tags[KEY_TAG],
            item["InstanceId"],
            properties,
            _outputs(item),
            tags,
            copied=not is_our_token(item.get("ClientToken", "")),
        )

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Start one in the first of its subnets whose zone has room."""
        dead = self._dead(context, key)
        subnets = [text(properties, "subnet"), *texts({"other_subnets": (), **properties}, "other_subnets")]
        for subnet in (order := emptiest_first(context, subnets, dead)):
            try:
                return self._start(context, key, {**properties, "subnet": subnet}, dead)
            except ClientError as error:
                if not is_full(error):
                    raise
                refusal = error
        raise no_room(context, text(properties, "instance_type"), order, refusal) from refusal

    def _start(
        self, context: Context, key: str, properties: Mapping[str, Value], dead: Sequence[InstanceTypeDef]
    ) -> Found:
        """Start one. AWS may answer with a dead predecessor of the same token: then its successor is next."""
        predecessors = [one["InstanceId"] for one in dead]
        for _ in range(_REPLAYS):
            request = run_request(context, key, properties, predecessors)
            instance = client(context).run_instances(**request)["Instances"][0]
            if not is_replay(instance):
                outputs = _outputs(instance) | ({_NEW: ""} if properties.get("ssm_agent") else {})
                tags = context.tags_for(key)
                return Found("instance", key, instance["InstanceId"], properties, outputs, tags)
            predecessors.append(instance["InstanceId"])
        raise AirliftError(
            f"AWS answers each request for {key} with a terminated instance.", "Try again in a day."
        )

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Change what AWS changes in place, and start it if it was stopped."""
        differs = touched(changes)
        ec2 = client(context)
        if "security_groups" in differs:
            ec2.modify_instance_attribute(InstanceId=found.id, Groups=texts(properties, "security_groups"))
        if differs & {"http_tokens", "hop_limit"}:
            ec2.modify_instance_metadata_options(
                InstanceId=found.id,
                HttpTokens="required",
                HttpPutResponseHopLimit=number(properties, "hop_limit"),
            )
        if "role" in differs:
            self.tag(context, found, {ROLE_TAG: text(properties, "role")})
        if "profile" in differs:
            set_profile(context, found.id, text(properties, "profile"))
        if "state" in differs:
            ec2.start_instances(InstanceIds=[found.id])
        if differs & root_volume.ARGUMENTS.keys():
            volume = found.outputs["root_volume"]
            root_volume.modify(context, volume, properties, differs)
            found = replace(found, outputs={**found.outputs, _MODIFIED: volume})
        return replace(found, properties=properties)

    def settled(self, context: Context, found: Found) -> Found | None:
        """Wait for the state running, and for a new one's SSM agent where it is reached by that."""
        modified = found.outputs.get(_MODIFIED)
        if modified is not None and not root_volume.is_modified(context, modified):
            return None
        for item in self.describe(context, [{"Name": self.id_filter, "Values": [found.id]}]):
            state = item["State"]["Name"]
            if state in LEAVING:
                reason = (
                    item.get("StateReason", {}).get("Message")
                    or item.get("StateTransitionReason")
                    or "no reason given"
                )
                raise NeverUsableError(
                    f"{found.id} is {state} ({reason}).",
                    "Remove the cause (often a quota or a KMS key). Without room in a zone, the same command "
                    "takes another one.",
                )
            if state == "running" and (_NEW not in found.outputs or has_booted(context.session, item)):
                return self.found(context, item)
        return None

    def impossible(self, found: Found, changes: Sequence[Change]) -> tuple[str, str] | None:
        """Say that a volume does not shrink."""
        return root_volume.shrinking(found, changes)

    def delete(self, context: Context, found: Found) -> None:
        """Terminate it; its volume goes with it."""
        with ignore_not_found():
            client(context).terminate_instances(InstanceIds=[found.id])

    def gone(self, context: Context, found: Found) -> bool:
        """Wait for the state terminated: until then it holds its network interface."""
        items = self.describe(context, [{"Name": self.id_filter, "Values": [found.id]}])
        return all(item["State"]["Name"] == "terminated" for item in items)

    def _dead(self, context: Context, key: str) -> list[InstanceTypeDef]:
        """Return this key's instances that AWS still describes though they are dead."""
        return list(
            self.describe(
                context,
                [
                    {"Name": f"tag:{STACK_TAG}", "Values": [context.stack]},
                    {"Name": f"tag:{KEY_TAG}", "Values": [key]},
                    {"Name": "instance-state-name", "Values": [*LEAVING]},
                ],
            )
        )


def _outputs(item: InstanceTypeDef) -> dict[str, str]:
    outputs = {"id": item["InstanceId"]}
    if item.get("PrivateIpAddress"):
        outputs["private_ip"] = item["PrivateIpAddress"]
    if item.get("Architecture"):
        outputs["architecture"] = item["Architecture"]
    if (volume := root_volume.id_of(item)) is not None:
        outputs["root_volume"] = volume
    return outputs
