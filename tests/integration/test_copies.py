"""What carries the tags of one of ours and is not it: "launch more like this" and Auto Scaling copy tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError

from tests.integration.cloud import Cloud, served

SMALL: dict[str, Any] = {
    "network": {"nat": "none", "zones": 1, "s3_endpoint": False},
    "ingress": None,
    "compute": {"count": 1},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("copies")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    server.begin_anew()
    return server


def provision(cloud: Cloud, **changes: Any) -> list[str]:
    result = cloud.provision(**SMALL, **changes)
    assert not result["failed"], result.get("msg")
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


def more_like_this(cloud: Cloud, **tags: str) -> str:
    """Launch another instance beside the host, with its tags and more."""
    ec2 = cloud.client("ec2")
    (host,) = cloud.info()["outputs"]["instance_ids"]
    (one,) = ec2.describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"]
    more = [*one["Tags"], *({"Key": key, "Value": value} for key, value in tags.items())]
    launched = ec2.run_instances(
        ImageId=one["ImageId"],
        InstanceType=one["InstanceType"],
        MinCount=1,
        MaxCount=1,
        SubnetId=one["SubnetId"],
        ClientToken="5b0b2e7e-6a3c-4a2c-9d57-1f1f5f0e9a11",
        TagSpecifications=[{"ResourceType": "instance", "Tags": more}],
    )
    return str(launched["Instances"][0]["InstanceId"])


def state(cloud: Cloud, instance: str) -> str:
    answer = cloud.client("ec2").describe_instances(InstanceIds=[instance])
    return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])


def test_a_host_launched_like_ours_is_reported_and_left_alone(cloud: Cloud) -> None:
    provision(cloud)
    (host,) = cloud.info()["outputs"]["instance_ids"]
    copy = more_like_this(cloud)
    assert provision(cloud) == ["keep compute/host/1"]
    assert [
        warning for warning in cloud.warned if f"instance {copy} has the tags of compute/host/1" in warning
    ]
    assert (state(cloud, host), state(cloud, copy)) == ("running", "running")
    with pytest.raises(AirliftError, match=rf"instance {copy} \(compute/host/1\).*Nothing was changed"):
        provision(cloud, state="absent")
    assert state(cloud, host) == "running"
    assert "delete compute/host/1" in provision(cloud, state="absent", destroy_data=True)
    assert state(cloud, copy) == "terminated", "its owner said that data goes"


def test_what_an_auto_scaling_group_made_is_the_group_s(cloud: Cloud) -> None:
    provision(cloud)
    member = more_like_this(cloud, **{"aws:autoscaling:groupName": "theirs"})
    assert provision(cloud) == []
    assert state(cloud, member) == "running"
    assert len(cloud.info()["outputs"]["instance_ids"]) == 1


def test_a_second_secret_with_our_tags_keeps_its_value(cloud: Cloud) -> None:
    provision(cloud)
    secrets = cloud.client("secretsmanager")
    tags = secrets.describe_secret(SecretId="demo/api-keys")["Tags"]
    secrets.create_secret(Name="demo/copy-of-api-keys", SecretString="precious", Tags=tags)
    assert provision(cloud) == ["keep secrets/api-keys"]
    assert secrets.get_secret_value(SecretId="demo/copy-of-api-keys")["SecretString"] == "precious"
    assert "secret arn:aws:secretsmanager" in cloud.warned[-1]
