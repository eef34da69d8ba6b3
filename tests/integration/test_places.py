"""Where hosts are and what they stand on: zones with and without room, volumes that grow, types that fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from moto.ec2.models import ec2_backends

from localcloud.settings import ACCOUNT_ID
from tests.integration.cloud import REGION, Cloud, served
from tests.integration.counting_moto import forget

SMALL: dict[str, Any] = {"ingress": None}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("places")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    forget()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server.fill()
    server.said.clear()
    server.warned.clear()
    yield server
    server.fill()


def provision(cloud: Cloud, **changes: Any) -> dict[str, Any]:
    """Provision without ingress, which takes half as long."""
    result = cloud.provision(**SMALL, **changes)
    assert not result["failed"], result.get("msg")
    return result


def planned(cloud: Cloud, **changes: Any) -> dict[str, dict[str, Any]]:
    """Return by key what each step of the plan changes, by property."""
    steps = cloud.provision(check=True, **SMALL, **changes)["plan"]
    return {step["key"]: {one["path"]: one["after"] for one in step["changes"]} for step in steps}


def steps(result: dict[str, Any]) -> list[str]:
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


def instances(cloud: Cloud) -> list[dict[str, Any]]:
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    answer = cloud.client("ec2").describe_instances(Filters=alive)
    found = [one for reservation in answer["Reservations"] for one in reservation["Instances"]]
    return sorted(
        found, key=lambda one: next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "airlift:key")
    )


def zones(cloud: Cloud) -> list[str]:
    return [one["Placement"]["AvailabilityZone"] for one in instances(cloud)]


def subnet_of(cloud: Cloud, name: str) -> str:
    key = [{"Name": "tag:airlift:key", "Values": [f"network/subnet/{name}"]}]
    [subnet] = cloud.client("ec2").describe_subnets(Filters=key)["Subnets"]
    return str(subnet["SubnetId"])


class TestZones:
    def test_the_owner_chooses_by_name_and_by_id(self, cloud: Cloud) -> None:
        provision(cloud, network={"zone_names": ["us-east-1d", "use1-az2"]})
        assert zones(cloud) == ["us-east-1d", "us-east-1c"]
        assert steps(provision(cloud)) == []
        with pytest.raises(AirliftError, match=r"leaves out us-east-1c \(use1-az2\)"):
            planned(cloud, network={"zone_names": ["us-east-1d", "us-east-1a"]})

    def test_the_type_decides_where_the_stack_is(self, cloud: Cloud) -> None:
        rare = {"instance_type": "p4de.24xlarge"}  # us-east-1b and us-east-1c only
        new = planned(cloud, compute=rare)
        assert [new[f"network/subnet/private/{one}"]["availability_zone"] for one in "ab"] == [
            "us-east-1b",
            "us-east-1c",
        ]
        provision(cloud, compute={"count": 1})
        assert zones(cloud) == ["us-east-1a"]
        moved = planned(cloud, compute=rare)
        private_b = subnet_of(cloud, "private/b")
        assert moved["compute/host/1"]["subnet"] == private_b
        with pytest.raises(AirliftError, match=r"trn1.2xlarge, which none of the stack's zones offers"):
            planned(cloud, compute={"instance_type": "trn1.2xlarge"})

    def test_a_third_zone_moves_nothing(self, cloud: Cloud) -> None:
        provision(cloud, compute={"count": 3})
        before = [one["InstanceId"] for one in instances(cloud)]
        done = steps(provision(cloud, compute={"count": 4}, network={"zones": 3}))
        assert [one for one in done if "/host/" in one] == ["create compute/host/4"]
        assert {one for one in done if "subnet/" in one} == {
            "create network/subnet/private/c",
            "create network/subnet/public/c",
        }
        assert [one["InstanceId"] for one in instances(cloud)][:3] == before
        assert steps(provision(cloud, compute={"count": 4}, network={"zones": 3})) == []

    def test_a_full_zone_is_gone_round_and_named(self, cloud: Cloud) -> None:
        cloud.fill("us-east-1a")
        provision(cloud)
        assert zones(cloud) == ["us-east-1b", "us-east-1b"]
        assert cloud.warned == [
            "us-east-1a has no room for m7i.large now: compute/host/1 is in us-east-1b, and stays there."
        ]
        assert steps(provision(cloud)) == []
        cloud.fill()
        assert steps(provision(cloud)) == []

    def test_no_zone_has_room(self, cloud: Cloud) -> None:
        cloud.fill("us-east-1a", "us-east-1b")
        result = cloud.provision(**SMALL, compute={"count": 1})
        [said] = result["failures"]
        assert said.startswith(
            "Failed to create instance compute/host/1 in us-east-1: None of the stack's zones has room for "
            "m7i.large now (us-east-1a, us-east-1b). AWS said last: InsufficientInstanceCapacity"
        )
        assert said.endswith("Try again later, take another compute.instance_type, or raise network.zones.")
        cloud.fill("us-east-1a")
        provision(cloud, compute={"count": 1})
        assert zones(cloud) == ["us-east-1b"]


class TestVolumes:
    def volumes(self, cloud: Cloud) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cloud.client("ec2").describe_volumes()["Volumes"]
        return found

    def test_a_new_host_has_what_was_asked_for(self, cloud: Cloud) -> None:
        asked = {"count": 1, "volume_gib": 40, "volume_iops": 4000, "volume_throughput_mibps": 500}
        provision(cloud, compute=asked)
        [volume] = self.volumes(cloud)
        assert (volume["Size"], volume["Iops"], volume["Throughput"]) == (40, 4000, 500)
        assert steps(provision(cloud, compute=asked)) == []

    def test_one_that_grows_keeps_its_host(self, cloud: Cloud) -> None:
        provision(cloud, compute={"count": 1})
        before = [one["InstanceId"] for one in instances(cloud)]
        grown = {"count": 1, "volume_gib": 50, "volume_iops": 6000}
        assert planned(cloud, compute=grown)["compute/host/1"] == {"volume_gib": 50, "volume_iops": 6000}
        assert steps(provision(cloud, compute=grown)) == ["update compute/host/1"]
        [volume] = self.volumes(cloud)
        assert (volume["Size"], volume["Iops"], volume["Throughput"]) == (50, 6000, 125)
        assert [one["InstanceId"] for one in instances(cloud)] == before
        assert steps(provision(cloud, compute=grown)) == []

    def test_one_that_was_changed_by_hand_is_put_right(self, cloud: Cloud) -> None:
        provision(cloud, compute={"count": 1})
        [volume] = self.volumes(cloud)
        cloud.client("ec2").modify_volume(VolumeId=volume["VolumeId"], VolumeType="gp2")
        assert planned(cloud, compute={"count": 1}) == {"compute/host/1": {"volume_type": "gp3"}}
        provision(cloud, compute={"count": 1})
        assert self.volumes(cloud)[0]["VolumeType"] == "gp3"

    @pytest.mark.parametrize("check", [True, False])
    def test_none_shrinks(self, cloud: Cloud, check: bool) -> None:
        provision(cloud, compute={"count": 1, "volume_gib": 50})
        cloud.forget_requests()
        with pytest.raises(AirliftError) as caught:
            cloud.provision(check=check, **SMALL, compute={"count": 1, "volume_gib": 40})
        assert "has a root volume of 50 GiB, and a volume cannot shrink to 40. Nothing was changed." in str(
            caught.value
        )
        assert "Set compute.volume_gib to 50 or more." in str(caught.value)
        assert cloud.requests()["mutating"] == 0

    def test_one_changed_too_often_is_told_in_words(self, cloud: Cloud) -> None:
        for gib in (30, 31, 32, 33, 34):
            provision(cloud, compute={"count": 1, "volume_gib": gib})
        result = cloud.provision(**SMALL, compute={"count": 1, "volume_gib": 35})
        [said] = result["failures"]
        assert "VolumeModificationRateExceeded" in said
        assert "AWS changes a volume a few times a day at most (four within 24 hours)" in said

    def test_another_volume_is_not_the_root(self, cloud: Cloud) -> None:
        provision(cloud, compute={"count": 1})
        [host], ec2 = instances(cloud), cloud.client("ec2")
        tags = [{"Key": "airlift:stack", "Value": "demo"}]
        other = ec2.create_volume(
            AvailabilityZone=host["Placement"]["AvailabilityZone"],
            Size=7,
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )["VolumeId"]
        ec2.attach_volume(VolumeId=other, InstanceId=host["InstanceId"], Device="/dev/sdf")
        assert steps(provision(cloud, compute={"count": 1})) == []


class TestArchitecture:
    ARM: ClassVar[dict[str, Any]] = {"count": 1, "instance_type": "m7g.large"}

    @pytest.mark.parametrize("check", [True, False])
    def test_an_image_that_the_type_cannot_start(self, cloud: Cloud, check: bool) -> None:
        cloud.forget_requests()
        said = "compute.instance_type m7g.large is arm64, and the image airlift-debian-13 is x86_64."
        with pytest.raises(AirliftError, match=said):
            cloud.provision(check=check, **SMALL, compute=self.ARM)
        assert cloud.requests()["mutating"] == 0

    def test_the_image_follows_the_type(self, cloud: Cloud) -> None:
        for architecture, word in (("x86_64", "amd64"), ("arm64", "arm64")):
            image = cloud.client("ec2").register_image(Name=f"mine-{word}-1")["ImageId"]
            # moto drops what RegisterImage says of it.
            ec2_backends[ACCOUNT_ID][REGION].amis[image].architecture = architecture
        named = {"image_name": "mine-{architecture}-*", "count": 1}
        result = provision(cloud, compute={**named, **self.ARM})
        assert result["outputs"]["architectures"] == ["arm64"]
        [host] = instances(cloud)
        assert host["Architecture"] == "arm64"
        x86 = provision(cloud, compute=named, replace_hosts=True)
        assert x86["outputs"]["architectures"] == ["amd64"]
