"""The control plane alone, over HTTP: what tests start that need an AWS and no machine."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from localcloud.tests.accounts import control_plane
from localcloud.tests.clouds import client


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with control_plane() as url:
        yield url


@pytest.fixture
def ec2(endpoint: str) -> Any:
    return client("ec2", endpoint)


@pytest.fixture
def image_id(ec2: Any) -> str:
    (image,) = ec2.describe_images(Owners=["self"])["Images"]
    assert image["Name"] == "airlift-debian-13"
    return str(image["ImageId"])


def ask(endpoint: str, path: str, method: str = "GET", body: object = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{endpoint}/_localcloud/{path}", content, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def refusal(call: Any, **arguments: Any) -> tuple[int, str]:
    """Status and code of a call that must be refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_list_lags_behind_what_was_written_and_a_read_by_name_does_not(endpoint: str) -> None:
    ask(endpoint, "faults", "POST", {"action": "secretsmanager:List*", "stale_seconds": 600})
    secrets = client("secretsmanager", endpoint)
    assert secrets.list_secrets()["SecretList"] == []
    secrets.create_secret(Name="lagging", SecretString="x")
    assert secrets.describe_secret(SecretId="lagging")["Name"] == "lagging"
    assert secrets.list_secrets()["SecretList"] == []
    assert client("secretsmanager", endpoint).list_secrets()["SecretList"] == [], "whoever asks"
    ask(endpoint, "faults", "DELETE")
    assert [one["Name"] for one in secrets.list_secrets()["SecretList"]] == ["lagging"]
    secrets.delete_secret(SecretId="lagging", ForceDeleteWithoutRecovery=True)


def test_requests_are_counted_by_action(endpoint: str, ec2: Any) -> None:
    ask(endpoint, "requests", "DELETE")
    ec2.describe_vpcs()
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=vpc)
    assert ask(endpoint, "requests") == {
        "total": 3,
        "mutating": 2,
        "by_action": {"ec2:CreateVpc": 1, "ec2:DeleteVpc": 1, "ec2:DescribeVpcs": 1},
        "by_source": {"127.0.0.1": 3},
    }


def test_a_repeated_client_token_starts_nothing(ec2: Any, image_id: str) -> None:
    wanted = {
        "ImageId": image_id,
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t3.small",
        "ClientToken": "once",
    }
    first = ec2.run_instances(**wanted)["Instances"][0]["InstanceId"]
    second = ec2.run_instances(**wanted)["Instances"][0]["InstanceId"]
    assert first == second
    other = wanted | {"InstanceType": "t3.large"}
    assert refusal(ec2.run_instances, **other) == (400, "IdempotentParameterMismatch")


def test_a_repeated_client_token_keeps_the_instances_profile(endpoint: str, ec2: Any, image_id: str) -> None:
    client("iam", endpoint).create_instance_profile(InstanceProfileName="repeated")
    wanted = {
        "ImageId": image_id,
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t3.small",
        "ClientToken": "once-with-a-profile",
        "IamInstanceProfile": {"Name": "repeated"},
    }
    first = ec2.run_instances(**wanted)["Instances"][0]["InstanceId"]
    again = ec2.run_instances(**wanted)["Instances"][0]
    assert again["InstanceId"] == first
    assert again["IamInstanceProfile"]["Arn"].endswith(":instance-profile/repeated")
    second = refusal(
        ec2.associate_iam_instance_profile, InstanceId=first, IamInstanceProfile={"Name": "repeated"}
    )
    assert second == (400, "IncorrectState")


def test_without_a_token_each_call_starts_one(ec2: Any, image_id: str) -> None:
    wanted = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small"}
    started = {ec2.run_instances(**wanted)["Instances"][0]["InstanceId"] for _ in range(2)}
    assert len(started) == 2


def test_an_instance_is_all_that_its_launch_template_says(endpoint: str, ec2: Any, image_id: str) -> None:
    client("iam", endpoint).create_instance_profile(InstanceProfileName="from-template")
    ec2.create_launch_template(
        LaunchTemplateName="t",
        LaunchTemplateData={
            "ImageId": image_id,
            "InstanceType": "t3.small",
            "IamInstanceProfile": {"Name": "from-template"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            "Monitoring": {"Enabled": True},
            "EbsOptimized": True,
        },
    )
    started = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "t"}, MinCount=1, MaxCount=1)[
        "Instances"
    ]
    (found,) = ec2.describe_instances(InstanceIds=[started[0]["InstanceId"]])["Reservations"][0]["Instances"]
    assert found["IamInstanceProfile"]["Arn"].endswith("instance-profile/from-template")
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert found["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert found["Monitoring"]["State"] == "enabled"
    assert found["EbsOptimized"] is True


def test_a_nat_gateway_s_token_answers_with_the_first_one_and_its_address_comes_back(ec2: Any) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    wanted = {"SubnetId": subnet, "AllocationId": address, "ClientToken": "once"}
    first = ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
    assert ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"] == first
    ec2.delete_nat_gateway(NatGatewayId=first)
    again = ec2.create_nat_gateway(**wanted)["NatGateway"]
    assert (again["NatGatewayId"], again["State"]) == (first, "deleted")
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    refused = refusal(ec2.create_nat_gateway, **wanted, TagSpecifications=tags)
    assert refused == (400, "IdempotentParameterMismatch")
    ec2.release_address(AllocationId=address)


def test_what_does_not_exist_is_refused(ec2: Any, image_id: str) -> None:
    count = {"MinCount": 1, "MaxCount": 1}
    unknown = refusal(ec2.run_instances, ImageId="ami-12345678", **count)
    assert unknown == (400, "InvalidAMIID.NotFound")
    key = refusal(ec2.run_instances, ImageId=image_id, KeyName="nobody", InstanceType="t3.small", **count)
    assert key == (400, "InvalidKeyPair.NotFound")


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ec2", "describe_capacity_reservations", {}),
        ("autoscaling", "start_instance_refresh", {"AutoScalingGroupName": "x"}),
        ("cloudwatch", "put_composite_alarm", {"AlarmName": "x", "AlarmRule": "x"}),
        ("eks", "list_insights", {"clusterName": "x"}),
        ("pricing", "get_products", {"ServiceCode": "AmazonEC2"}),
    ],
)
def test_what_is_not_available_says_so_once(
    endpoint: str, service: str, operation: str, arguments: dict[str, str]
) -> None:
    ask(endpoint, "requests", "DELETE")
    retrying = client(service, endpoint)
    status, code = refusal(getattr(retrying, operation), **arguments)
    assert (status, code) == (501, "NotAvailableOnEmbeddedAWS")
    assert ask(endpoint, "requests")["total"] == 1


def test_throttling_and_latency_on_request(endpoint: str, ec2: Any) -> None:
    faults = [
        {"action": "ec2:DescribeVpcs", "throttle_next": 1},
        {"action": "ec2:*Subnets", "latency_ms": 300},
    ]
    ask(endpoint, "faults", "POST", {"faults": faults})
    try:
        assert refusal(ec2.describe_vpcs) == (503, "RequestLimitExceeded")
        ec2.describe_vpcs()
        began = time.monotonic()
        ec2.describe_subnets()
        assert time.monotonic() - began > 0.3
    finally:
        ask(endpoint, "faults", "DELETE")


def test_a_lost_reply_was_executed(endpoint: str, ec2: Any) -> None:
    ask(endpoint, "faults", "POST", {"action": "ec2:CreateVpc", "lose_reply_next": 1})
    with pytest.raises(botocore.exceptions.HTTPClientError):
        ec2.create_vpc(CidrBlock="10.8.0.0/16")
    found = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.8.0.0/16"]}])["Vpcs"]
    assert len(found) == 1


def test_a_fault_that_makes_no_sense_is_refused(endpoint: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(endpoint, "faults", "POST", {"action": "ec2:*", "latency": 3})
    assert caught.value.code == 400
    assert "latency_ms" in caught.value.read().decode()


def subnet(ec2: Any, letter: str) -> str:
    """The default subnet of the zone us-east-1 + `letter`."""
    zone = [{"Name": "availability-zone", "Values": [f"us-east-1{letter}"]}]
    return str(ec2.describe_subnets(Filters=zone)["Subnets"][0]["SubnetId"])


class TestPlaces:
    """Where an instance can be started. moto's lists say which zone offers which type."""

    def run(self, ec2: Any, image_id: str, instance_type: str, subnet: str) -> None:
        asked = {"ImageId": image_id, "InstanceType": instance_type, "SubnetId": subnet}
        ec2.run_instances(MinCount=1, MaxCount=1, **asked)

    def test_a_zone_that_does_not_offer_the_type(self, ec2: Any, image_id: str) -> None:
        assert refusal(
            self.run, ec2=ec2, image_id=image_id, instance_type="m7i.large", subnet=subnet(ec2, "e")
        ) == (400, "Unsupported")

    def test_an_image_of_another_architecture(self, ec2: Any, image_id: str) -> None:
        assert refusal(
            self.run, ec2=ec2, image_id=image_id, instance_type="m7g.large", subnet=subnet(ec2, "b")
        ) == (400, "InvalidParameterValue")

    def test_a_zone_is_full_on_request(self, endpoint: str, ec2: Any, image_id: str) -> None:
        asked = {"ec2": ec2, "image_id": image_id, "instance_type": "t3.large", "subnet": subnet(ec2, "b")}
        zones = [{"zone": "us-east-1b", "instance_type": "t3.*"}]
        assert ask(endpoint, "full-zones", "POST", {"zones": zones}) == {"zones": zones}
        try:
            assert refusal(self.run, **asked) == (500, "InsufficientInstanceCapacity")
            self.run(**{**asked, "instance_type": "m7i.large"})
        finally:
            ask(endpoint, "full-zones", "DELETE")
        self.run(**asked)

    def test_what_is_no_zone_is_refused(self, endpoint: str) -> None:
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(endpoint, "full-zones", "POST", {"zones": ["us-east-1a"]})
        assert caught.value.code == 400
        assert "instance_type" in caught.value.read().decode()


def test_a_volume_neither_shrinks_nor_changes_every_hour(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10, VolumeType="gp3")["VolumeId"]
    assert refusal(ec2.modify_volume, VolumeId=volume, Size=9) == (400, "InvalidParameterValue")
    for gib in (11, 12, 13, 14):
        ec2.modify_volume(VolumeId=volume, Size=gib)
    assert refusal(ec2.modify_volume, VolumeId=volume, Size=15) == (400, "VolumeModificationRateExceeded")


def test_health(endpoint: str) -> None:
    assert ask(endpoint, "health")["status"] == "ok"
