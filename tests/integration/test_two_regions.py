"""One stack name in two regions of one account, whose IAM is one for both; and a role by its old name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cloud import Cloud, served

HERE, THERE = "us-east-1", "eu-central-1"
OLD = "demo-host"
SMALL: dict[str, Any] = {"network": {"nat": "none", "zones": 1, "s3_endpoint": False}, "ingress": None}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("regions")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    server.begin_anew()
    return server


def provision(cloud: Cloud, region: str, **changes: Any) -> list[str]:
    result = cloud.provision(region=region, **SMALL, **changes)
    assert not result["failed"], result.get("msg")
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


def roles(cloud: Cloud) -> set[str]:
    return {one["RoleName"] for one in cloud.client("iam").list_roles()["Roles"]}


def profiles(cloud: Cloud) -> dict[str, list[str]]:
    listed = cloud.client("iam").list_instance_profiles()["InstanceProfiles"]
    return {one["InstanceProfileName"]: [role["RoleName"] for role in one["Roles"]] for one in listed}


def test_both_are_whole_and_one_goes_without_the_other(cloud: Cloud) -> None:
    provision(cloud, HERE)
    provision(cloud, THERE)
    assert provision(cloud, HERE, check=True) == []
    assert provision(cloud, THERE, check=True) == []
    assert profiles(cloud) == {f"demo-{one}-host": [f"demo-{one}-host"] for one in (HERE, THERE)}
    for region, other in ((HERE, THERE), (THERE, HERE)):
        policy = cloud.client("iam").get_role_policy(RoleName=f"demo-{region}-host", PolicyName="host")
        words = json.dumps(policy["PolicyDocument"])
        assert region in words
        assert other not in words
    provision(cloud, HERE, state="absent", destroy_data=True)
    assert provision(cloud, THERE, check=True) == []
    assert roles(cloud) == {f"demo-{THERE}-host"}
    provision(cloud, THERE, state="absent", destroy_data=True)
    assert roles(cloud) == set()
    assert profiles(cloud) == {}


def as_before(cloud: Cloud, region: str) -> None:
    """Put role and profile by their old name in the place of the new ones, for the region's hosts too."""
    iam, new = cloud.client("iam"), f"demo-{region}-host"
    role = iam.get_role(RoleName=new)["Role"]
    policy = iam.get_role_policy(RoleName=new, PolicyName="host")["PolicyDocument"]
    tags = [one for one in iam.list_role_tags(RoleName=new)["Tags"] if one["Key"] != "airlift:region"]
    if OLD not in roles(cloud):
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(RoleName=OLD, AssumeRolePolicyDocument=trust, Tags=tags)
        profile = [*(one for one in tags if one["Key"] != "airlift:key")]
        key = {"Key": "airlift:key", "Value": "identity/host-profile"}
        iam.create_instance_profile(InstanceProfileName=OLD, Tags=[*profile, key])
        iam.add_role_to_instance_profile(InstanceProfileName=OLD, RoleName=OLD)
    iam.put_role_policy(RoleName=OLD, PolicyName="host", PolicyDocument=json.dumps(policy))
    ec2 = cloud.client("ec2", region)
    for one in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]:
        ec2.replace_iam_instance_profile_association(
            AssociationId=one["AssociationId"], IamInstanceProfile={"Name": OLD}
        )
    iam.remove_role_from_instance_profile(InstanceProfileName=new, RoleName=new)
    iam.delete_instance_profile(InstanceProfileName=new)
    iam.delete_role_policy(RoleName=new, PolicyName="host")
    iam.delete_role(RoleName=new)


def used_by_hosts(cloud: Cloud, region: str) -> set[str]:
    ec2 = cloud.client("ec2", region)
    listed = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    return {one["IamInstanceProfile"]["Arn"].rpartition("/")[2] for one in listed}


MOVE = [
    "replace identity/host-profile",
    "replace identity/host-role",
    "update compute/host/1",
    "update compute/host/2",
]


def test_hosts_of_an_older_version_move_to_the_new_role_and_run_on(cloud: Cloud) -> None:
    provision(cloud, HERE)
    before = cloud.info()["outputs"]["instance_ids"]
    as_before(cloud, HERE)
    assert provision(cloud, HERE) == MOVE
    assert cloud.info()["outputs"]["instance_ids"] == before
    assert used_by_hosts(cloud, HERE) == {f"demo-{HERE}-host"}
    assert roles(cloud) == {f"demo-{HERE}-host"}
    assert set(profiles(cloud)) == {f"demo-{HERE}-host"}
    assert provision(cloud, HERE) == []


def test_an_old_role_shared_by_two_regions_stays_until_that_of_its_policy_lets_go(cloud: Cloud) -> None:
    for region in (HERE, THERE):
        provision(cloud, region)
    for region in (HERE, THERE):
        as_before(cloud, region)
    moved = [one.replace("replace", "create") for one in MOVE]
    assert provision(cloud, HERE) == sorted(moved)
    assert OLD in roles(cloud), "its policy is for the other region"
    assert used_by_hosts(cloud, THERE) == {OLD}
    assert provision(cloud, THERE) == MOVE
    assert roles(cloud) == {f"demo-{one}-host" for one in (HERE, THERE)}
    assert set(profiles(cloud)) == roles(cloud)


def test_an_older_version_s_stack_is_removed_whole(cloud: Cloud) -> None:
    provision(cloud, HERE)
    as_before(cloud, HERE)
    provision(cloud, HERE, state="absent", destroy_data=True)
    assert roles(cloud) == set()
    assert profiles(cloud) == {}


def test_what_a_killed_move_left_of_the_old_ones_goes_with_the_stack(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    provision(cloud, HERE)
    as_before(cloud, HERE)
    cloud.misbehave({"action": "iam:DeleteRole", "throttle_probability": 1.0})
    assert cloud.provision(**SMALL)["failed"]
    cloud.misbehave()
    assert OLD in roles(cloud)
    provision(cloud, HERE, state="absent", destroy_data=True)
    assert roles(cloud) == set()
