"""Key pair and instance against moto: create, look, drift, repair, replace, delete.

What moto leaves unproven: capacity, quotas, the time a host takes, and that a repeated ClientToken starts no
second instance (moto starts one; that the token repeats is tested here, what AWS does with it is not).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import boto3
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import compute
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
    Reference,
    Value,
    Wanted,
)
from ansible_collections.airlift.stack.plugins.module_utils.resources.instance_request import run_request
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context
from botocore.exceptions import ClientError

from tests.integration.account import ACCOUNT, REGION, Account, account_with

KINDS = ("vpc", "subnet", "security_group", "key_pair", "instance")
FACTS = Facts(ACCOUNT, REGION, ("us-east-1a", "us-east-1b"), image_id="ami-12c6146b")
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDbGzPYxnN0wqj0JGdtWIpGjkTIrXz2V7wm1s7cXw9aB me@laptop"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkZ7cVx0vWqk3m0c8fWmZ5r9iS1yqRk0v7z8b2H3l5N"
VPC = Reference("network/vpc")


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    served.reset()
    iam = _iam(served)
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="airlift-host", AssumeRolePolicyDocument=json.dumps(trust))
    for name in ("airlift-host", "other"):
        iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName="airlift-host", RoleName="airlift-host")
    return served


def _iam(account: Account) -> Any:
    return boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=account.moto.url,
        aws_access_key_id="LKIAKINDSTEST",
        aws_secret_access_key="a-secret-of-the-tests-of-kinds",
    )


def blueprint(**changes: object) -> list[Wanted]:
    """The hosts, in a network of nothing but what they refer to, with a profile that exists."""
    options = StackOptions.parse(
        {"name": "airlift", "region": REGION, "compute": {"ssh_public_key": PUBLIC_KEY, **changes}}
    )
    return [
        Wanted("vpc", VPC.key, {"cidr": "10.213.0.0/16"}),
        *(
            Wanted(
                "subnet",
                f"network/subnet/private/{letter}",
                {"vpc": VPC, "cidr": cidr, "availability_zone": f"us-east-1{letter}"},
            )
            for letter, cidr in (("a", "10.213.128.0/19"), ("b", "10.213.160.0/19"))
        ),
        Wanted(
            "security_group",
            "network/security-group/host",
            {"vpc": VPC, "group_name": "airlift-host", "description": "hosts"},
        ),
        *(with_profile(one) for one in compute.wanted(options, FACTS)),
    ]


def with_profile(wanted: Wanted, profile: str = "airlift-host") -> Wanted:
    if wanted.kind != "instance":
        return wanted
    return Wanted(wanted.kind, wanted.key, {**wanted.properties, "profile": profile})


@pytest.fixture
def hosts_up(account: Account) -> dict[str, Found]:
    account.create(blueprint())
    return account.by_key()


def described(account: Account, found: Found) -> Mapping[str, Any]:
    answer = account.session.client("ec2").describe_instances(InstanceIds=[found.id])
    return answer["Reservations"][0]["Instances"][0]


def test_a_look_asks_little(account: Account, hosts_up: dict[str, Found]) -> None:
    asked = account.calls(blueprint())
    assert {name: asked[name] for name in ("DescribeKeyPairs", "DescribeInstances", "DescribeVolumes")} == {
        "DescribeKeyPairs": 1,
        "DescribeInstances": 1,
        "DescribeVolumes": 1,
    }


def test_hosts_are_as_they_should_be(account: Account, hosts_up: dict[str, Found]) -> None:
    ec2 = account.session.client("ec2")
    for number, zone in ((1, "us-east-1a"), (2, "us-east-1b")):
        host = described(account, hosts_up[f"compute/host/{number}"])
        tags = {tag["Key"]: tag["Value"] for tag in host["Tags"]}
        assert tags["airlift:role"] == "inference"
        assert tags["airlift:key"] == f"compute/host/{number}"
        assert host["Placement"]["AvailabilityZone"] == zone
        assert "PublicIpAddress" not in host
        assert host["MetadataOptions"]["HttpTokens"] == "required"
        assert host["IamInstanceProfile"]["Arn"].endswith(":instance-profile/airlift-host")
        assert host["KeyName"] == "airlift"
        [volume] = ec2.describe_volumes(
            Filters=[{"Name": "attachment.instance-id", "Values": [host["InstanceId"]]}]
        )["Volumes"]
        assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (30, "gp3", True)
        assert {"Key": "airlift:stack", "Value": "airlift"} in volume["Tags"]
    assert hosts_up["compute/host/1"].outputs["private_ip"].startswith("10.213.1")


def test_created_then_gone(account: Account, hosts_up: dict[str, Found]) -> None:
    account.remove()
    assert account.found() == ()
    for found in hosts_up.values():
        account.kinds[found.kind].delete(account.context, found)


def test_more_and_fewer_hosts(account: Account, hosts_up: dict[str, Found]) -> None:
    assert account.converge(blueprint(count=3)) == ["create compute/host/3"]
    assert account.converge(blueprint(count=1)) == ["delete compute/host/2", "delete compute/host/3"]
    assert account.changes(blueprint(count=1)) == []


@pytest.mark.parametrize("option", [{"instance_type": "m7i.xlarge"}, {"volume_gib": 50}, {"spot": True}])
def test_what_cannot_change_is_a_named_replacement(
    account: Account, hosts_up: dict[str, Found], option: dict[str, object]
) -> None:
    steps = account.plan(blueprint(**option)).changing
    assert [step.key for step in steps] == ["compute/host/1", "compute/host/2"]
    assert all(step.reason.endswith("cannot be changed in place") for step in steps)
    assert account.converge(blueprint(**option)) == ["replace compute/host/1", "replace compute/host/2"]
    assert account.changes(blueprint(**option)) == []
    assert {found.id for found in account.found()}.isdisjoint({hosts_up["compute/host/1"].id})


def test_another_key_means_other_hosts(account: Account, hosts_up: dict[str, Found]) -> None:
    wanted = blueprint(ssh_public_key=OTHER_KEY)
    assert account.converge(wanted) == [
        "replace compute/key-pair",
        "replace compute/host/1",
        "replace compute/host/2",
    ]
    assert account.changes(wanted) == []


def test_a_replacement_survives_iams_delay(
    account: Account, hosts_up: dict[str, Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt fails for a moment: the old host, still there, is not taken for the new one."""
    kind = account.kinds["instance"]
    create, refused = kind.create, set[str]()

    def late(context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        if key not in refused:
            refused.add(key)
            message = "Value (airlift-host) for parameter iamInstanceProfile.name is invalid."
            raise ClientError(
                {"Error": {"Code": "InvalidParameterValue", "Message": message}}, "RunInstances"
            )
        return create(context, key, properties)

    monkeypatch.setattr(kind, "create", late)
    account.converge(blueprint(instance_type="m7i.xlarge"))
    assert refused == {"compute/host/1", "compute/host/2"}
    assert account.changes(blueprint(instance_type="m7i.xlarge")) == []


def test_a_newer_image_changes_nothing(account: Account, hosts_up: dict[str, Found]) -> None:
    newer = [
        Wanted(one.kind, one.key, {**one.properties, "image_id": "ami-newer"})
        if one.kind == "instance"
        else one
        for one in blueprint()
    ]
    assert account.changes(newer) == []


class TestDrift:
    """What somebody does by hand is shown, and undone in place."""

    def repaired(self, account: Account, *changes: str) -> None:
        assert account.changes(blueprint()) == list(changes)
        account.converge(blueprint())
        assert account.changes(blueprint()) == []

    def test_stopped(self, account: Account, hosts_up: dict[str, Found]) -> None:
        host = hosts_up["compute/host/1"]
        account.session.client("ec2").stop_instances(InstanceIds=[host.id])
        self.repaired(account, "compute/host/1 state: stopped -> running")
        assert account.by_key()["compute/host/1"].id == host.id

    def test_terminated(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").terminate_instances(InstanceIds=[hosts_up["compute/host/2"].id])
        self.repaired(account, "create compute/host/2")

    def test_metadata_opened(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").modify_instance_metadata_options(
            InstanceId=hosts_up["compute/host/1"].id, HttpTokens="optional", HttpPutResponseHopLimit=5
        )
        self.repaired(
            account,
            "compute/host/1 hop_limit: 5 -> 1",
            "compute/host/1 http_tokens: optional -> required",
        )

    def test_other_security_group(self, account: Account, hosts_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        other = ec2.create_security_group(
            VpcId=hosts_up[VPC.key].id, GroupName="open", Description="opened by hand"
        )["GroupId"]
        ec2.modify_instance_attribute(InstanceId=hosts_up["compute/host/1"].id, Groups=[other])
        ours = hosts_up["network/security-group/host"].id
        self.repaired(account, f"compute/host/1 security_groups: ['{other}'] -> ['{ours}']")

    def test_profile_taken_away(self, account: Account, hosts_up: dict[str, Found]) -> None:
        association = self.association(account, hosts_up)["AssociationId"]
        account.session.client("ec2").disassociate_iam_instance_profile(AssociationId=association)
        self.repaired(account, "compute/host/1 profile: None -> airlift-host")

    def test_other_profile(self, account: Account, hosts_up: dict[str, Found]) -> None:
        """The association is what is looked at: moto's instance goes on showing the profile it replaced."""
        ec2 = account.session.client("ec2")
        ec2.disassociate_iam_instance_profile(
            AssociationId=self.association(account, hosts_up)["AssociationId"]
        )
        ec2.associate_iam_instance_profile(
            InstanceId=hosts_up["compute/host/1"].id, IamInstanceProfile={"Name": "other"}
        )
        assert account.changes(blueprint()) == ["compute/host/1 profile: other -> airlift-host"]
        account.converge(blueprint())
        arn = self.association(account, hosts_up)["IamInstanceProfile"]["Arn"]
        assert arn.endswith(":instance-profile/airlift-host")

    def association(self, account: Account, hosts_up: dict[str, Found]) -> Mapping[str, Any]:
        [association] = account.session.client("ec2").describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [hosts_up["compute/host/1"].id]}]
        )["IamInstanceProfileAssociations"]
        return association

    def test_role_tag_removed(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").delete_tags(
            Resources=[hosts_up["compute/host/1"].id], Tags=[{"Key": "airlift:role"}]
        )
        self.repaired(account, "compute/host/1 role: None -> inference")

    @pytest.mark.usefixtures("hosts_up")
    def test_owners_tags_follow(self, account: Account) -> None:
        account.tags = {"cost-center": "7"}
        account.converge(blueprint())
        assert account.changes(blueprint()) == []
        assert all((found.tags or {})["cost-center"] == "7" for found in account.found())


def test_a_hundred_and_twenty_neighbours_stay(account: Account, hosts_up: dict[str, Found]) -> None:
    """More than a page of another stack's instances, with our names: found past, and left alone."""
    ec2 = account.session.client("ec2")
    tags = [
        {"Key": "Name", "Value": "airlift-host-1"},
        {"Key": "airlift:stack", "Value": "another"},
        {"Key": "airlift:key", "Value": "compute/host/1"},
    ]
    ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=120, MaxCount=120,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )  # fmt: skip
    assert account.converge(blueprint(count=3)) == ["create compute/host/3"]
    account.remove()
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
    )
    left = [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]
    assert len(left) == 120


def test_more_than_a_page_of_our_own(account: Account, hosts_up: dict[str, Found]) -> None:
    tags = [
        {"Key": "airlift:stack", "Value": "airlift"},
        {"Key": "airlift:key", "Value": "compute/left-over"},
    ]
    ec2 = account.session.client("ec2")
    for _ in range(2):
        ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=60, MaxCount=60,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )  # fmt: skip
    assert len([one for one in account.found() if one.key == "compute/left-over"]) == 120


class TestToken:
    """The ClientToken: the same for the same request, another one for a successor."""

    properties: ClassVar[Mapping[str, object]] = {
        **blueprint()[-1].properties,
        "subnet": "subnet-1",
        "security_groups": ["sg-1"],
        "key_name": "airlift",
    }  # fmt: skip

    def token(self, account: Account, dead: list[str], **changes: object) -> str:
        properties = {**self.properties, **changes}
        return run_request(account.context, "compute/host/1", properties, dead)["ClientToken"]

    def test_the_same_request_has_the_same_token(self, account: Account) -> None:
        assert self.token(account, ["i-1", "i-2"]) == self.token(account, ["i-2", "i-1"])
        assert len(self.token(account, [])) <= 64

    def test_a_successor_has_another(self, account: Account) -> None:
        tokens = {self.token(account, dead) for dead in ([], ["i-1"], ["i-1", "i-2"])}
        assert len(tokens) == 3

    def test_another_request_has_another(self, account: Account) -> None:
        assert self.token(account, []) != self.token(account, [], instance_type="m7i.xlarge")

    def test_the_dead_are_counted_at_creation(self, account: Account, hosts_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        first = described(account, hosts_up["compute/host/1"])
        ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
        account.converge(blueprint())
        second = described(account, account.by_key()["compute/host/1"])
        assert second["ClientToken"] != first["ClientToken"]
