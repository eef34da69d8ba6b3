"""Instance. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ..errors import AirliftError, NeverUsableError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UNORDERED, UPDATABLE, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, is_our_token
from .instance_request import LEAVING, ROLE_TAG, is_replay, run_request
from .kind import KEY_TAG, STACK_TAG, Context
from .passing import EC2_NOT_VISIBLE, PROFILE_NOT_VISIBLE, Passing
from .tagging import as_mapping, is_ours
from .values import number, text, texts, touched

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

_REPLAYS = 10

GROUP_TAG = "aws:autoscaling:groupName"
"""On instances that an Auto Scaling group made: they share the tags of its template, and are the group's."""


class Instance(Ec2Kind["InstanceTypeDef"]):
    """Outputs: ``id``, ``private_ip``.

    Properties: ``instance_type``, ``image_id``, ``subnet``, ``security_groups``, ``profile``, ``key_name``,
    ``role`` (its tag ``airlift:role``), ``state`` (wanted running), ``spot``, ``user_data``,
    ``ebs_optimized``; of its metadata service ``http_tokens``, ``hop_limit``; of its root volume
    ``root_device``, ``volume_gib``, ``volume_type``, ``volume_encrypted``.
    """

    name: ClassVar[str] = "instance"
    schema: ClassVar[Schema] = declare(
        instance_type=IMMUTABLE,
        image_id=CREATE_ONLY,
        subnet=IMMUTABLE,
        security_groups=UNORDERED,
        profile=UPDATABLE,
        key_name=IMMUTABLE,
        role=UPDATABLE,
        state=UPDATABLE,
        spot=IMMUTABLE,
        user_data=CREATE_ONLY,
        ebs_optimized=CREATE_ONLY,
        http_tokens=UPDATABLE,
        hop_limit=UPDATABLE,
        root_device=CREATE_ONLY,
        volume_gib=IMMUTABLE,
        volume_type=IMMUTABLE,
        volume_encrypted=IMMUTABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"subnet", "security_group", "key_pair", "instance_profile"})
    create_before_delete: ClassVar[bool] = True
    deletable_in_use: ClassVar[bool] = True
    billable: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 30
    timeout_seconds: ClassVar[int] = 300
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
        """Return the stack's instances by one describe, and their volumes by another."""
        instances = super().find(context, wanted)
        if not instances:
            return []
        volumes: dict[str, dict[str, Value]] = {}
        pages = client(context).get_paginator("describe_volumes")
        for page in pages.paginate(Filters=[{"Name": f"tag:{STACK_TAG}", "Values": [context.stack]}]):
            for volume in page["Volumes"]:
                for attachment in volume["Attachments"]:
                    volumes[attachment["InstanceId"]] = {
                        "volume_gib": volume["Size"],
                        "volume_type": volume["VolumeType"],
                        "volume_encrypted": volume["Encrypted"],
                    }
        return [replace(one, properties={**one.properties, **volumes.get(one.id, {})}) for one in instances]

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
        """Start one. AWS may answer with a dead predecessor of the same token: then its successor is next."""
        dead = self._dead(context, key)
        for _ in range(_REPLAYS):
            request = run_request(context, key, properties, dead)
            instance = client(context).run_instances(**request)["Instances"][0]
            if not is_replay(instance):
                return Found(
                    "instance",
                    key,
                    instance["InstanceId"],
                    properties,
                    _outputs(instance),
                    context.tags_for(key),
                )
            dead.append(instance["InstanceId"])
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
            self._set_profile(context, found.id, text(properties, "profile"))
        if "state" in differs:
            ec2.start_instances(InstanceIds=[found.id])
        return replace(found, properties=properties)

    def settled(self, context: Context, found: Found) -> Found | None:
        """Wait for the state running. Whether it can be logged in to is asked by those who log in."""
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
                    "Remove the cause (often a quota, a KMS key, or spot capacity).",
                )
            if state == "running":
                return self.found(context, item)
        return None

    def delete(self, context: Context, found: Found) -> None:
        """Terminate it; its volume goes with it."""
        with ignore_not_found():
            client(context).terminate_instances(InstanceIds=[found.id])

    def gone(self, context: Context, found: Found) -> bool:
        """Wait for the state terminated: until then it holds its network interface."""
        items = self.describe(context, [{"Name": self.id_filter, "Values": [found.id]}])
        return all(item["State"]["Name"] == "terminated" for item in items)

    def _dead(self, context: Context, key: str) -> list[str]:
        """Return the ids of this key's instances that AWS still describes though they are dead."""
        items = self.describe(
            context,
            [
                {"Name": f"tag:{STACK_TAG}", "Values": [context.stack]},
                {"Name": f"tag:{KEY_TAG}", "Values": [key]},
                {"Name": "instance-state-name", "Values": [*LEAVING]},
            ],
        )
        return [item["InstanceId"] for item in items]

    def _set_profile(self, context: Context, identifier: str, profile: str) -> None:
        ec2 = client(context)
        associations = ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [identifier]}]
        )["IamInstanceProfileAssociations"]
        current = [
            one["AssociationId"] for one in associations if one["State"] in ("associating", "associated")
        ]
        if current:
            ec2.replace_iam_instance_profile_association(
                AssociationId=current[0], IamInstanceProfile={"Name": profile}
            )
        else:
            ec2.associate_iam_instance_profile(InstanceId=identifier, IamInstanceProfile={"Name": profile})


def _outputs(item: InstanceTypeDef) -> dict[str, str]:
    outputs = {"id": item["InstanceId"]}
    if item.get("PrivateIpAddress"):
        outputs["private_ip"] = item["PrivateIpAddress"]
    return outputs
