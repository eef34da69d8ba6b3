"""What RunInstances takes, from an instance's properties."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from ..reconcile.model import Value
from .ec2 import client_token, tag_specifications
from .kind import Context
from .values import number, optional_text, text, texts

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import InstanceTypeType
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, RunInstancesRequestTypeDef

ROLE_TAG = "airlift:role"
LEAVING = ("shutting-down", "terminated")

_REMEMBERED = timedelta(minutes=50)
"""AWS describes a terminated instance for about an hour, but remembers its token for a day and more."""


def run_request(
    context: Context, key: str, properties: Mapping[str, Value], predecessors: Sequence[str]
) -> RunInstancesRequestTypeDef:
    """Return the arguments of RunInstances.

    The token is made of all of them, tags too, as AWS compares all, and of the dead ``predecessors``: a
    repeated request, also by a run that was killed in between, gets the same instance; one that has died gets
    a successor. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """
    request: RunInstancesRequestTypeDef = {
        "ImageId": text(properties, "image_id"),
        "InstanceType": cast("InstanceTypeType", text(properties, "instance_type")),
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": text(properties, "subnet"),
        "SecurityGroupIds": texts(properties, "security_groups"),
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": number(properties, "hop_limit"),
        },
        "BlockDeviceMappings": [
            {
                "DeviceName": text(properties, "root_device"),
                "Ebs": {
                    "VolumeSize": number(properties, "volume_gib"),
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
    }
    if (profile := optional_text(properties, "profile")) is not None:
        request["IamInstanceProfile"] = {"Name": profile}
    if (key_name := optional_text(properties, "key_name")) is not None:
        request["KeyName"] = key_name
    if properties.get("ebs_optimized") is True:
        request["EbsOptimized"] = True
    if (user_data := optional_text(properties, "user_data")) is not None:
        request["UserData"] = base64.b64encode(user_data.encode()).decode()
    if properties.get("spot") is True:
        request["InstanceMarketOptions"] = {
            "MarketType": "spot",
            "SpotOptions": {"SpotInstanceType": "one-time"},
        }
    role = optional_text(properties, "role")
    request["TagSpecifications"] = tag_specifications(
        context, key, "instance", "volume", "network-interface", also={ROLE_TAG: role} if role else None
    )
    request["ClientToken"] = client_token(context, key, sorted(request.items()), sorted(predecessors))
    return request


def is_replay(instance: InstanceTypeDef) -> bool:
    """Whether AWS answered with an instance of long ago, which is dead, instead of starting one."""
    age = datetime.now(UTC) - instance["LaunchTime"]
    return instance["State"]["Name"] in LEAVING or age > _REMEMBERED
