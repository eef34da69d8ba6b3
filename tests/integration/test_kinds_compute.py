"""Key pair and instance against moto: create, look, drift, repair, replace, delete.

What moto leaves unproven: capacity, quotas, the time a host takes, and that a repeated ClientToken starts no
second instance (moto starts one; that the token repeats is tested here, what AWS does with it is not).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
    Value,
    Wanted,
)
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context
from botocore.exceptions import ClientError

from tests.integration.account import Account, account_with
from tests.integration.hosts_stack import KINDS, OTHER_KEY, blueprint, described, prepare


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    prepare(served)
    return served


@pytest.fixture
def hosts_up(account: Account) -> dict[str, Found]:
    account.create(blueprint())
    return account.by_key()


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
        assert re.fullmatch(r"airlift-[0-9a-f]{8}", host["KeyName"])
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


@pytest.mark.parametrize("option", [{"instance_type": "m7i.xlarge"}, {"spot": True}])
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
    before = {found.id for found in hosts_up.values() if found.kind in ("instance", "key_pair")}
    assert before.isdisjoint({found.id for found in account.found()})


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
