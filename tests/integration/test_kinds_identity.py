"""Role and instance profile against moto, which proves neither that the policy suffices nor its denials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Wanted
from ansible_collections.airlift.stack.plugins.module_utils.resources.values import document

from tests.integration.services import Services, blueprint, only, services

NAME = "airlift-us-east-1-host"
KINDS = ("iam_role", "instance_profile", "repository", "secret", "parameter")


def wanted(**layers: object) -> list[Wanted]:
    return only(blueprint(**layers), *KINDS)


@pytest.fixture(scope="module")
def served() -> Iterator[Services]:
    with services(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Services) -> Services:
    served.reset()
    return served


def test_created_then_nothing_to_do_then_gone(account: Services) -> None:
    account.create(wanted())
    account.remove(data=True)
    iam = account.session.client("iam")
    assert iam.list_roles()["Roles"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


def test_the_policy_names_what_was_created(account: Services) -> None:
    account.create(wanted())
    iam = account.session.client("iam")
    policy = iam.get_role_policy(RoleName=NAME, PolicyName="host")["PolicyDocument"]
    resources = {one["Sid"]: one["Resource"] for one in policy["Statement"]}
    repository = account.one("registry/repository/inference").outputs["arn"]
    assert resources["PullImages"] == [repository]
    assert resources["ReadKeys"] == [account.one("secrets/api-keys").outputs["arn"]]
    assert resources["ReadRelease"] == ["arn:aws:ssm:us-east-1:123456789012:parameter/airlift/release"]


def test_a_changed_policy_is_repaired(account: Services) -> None:
    account.create(wanted())
    iam = account.session.client("iam")
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=NAME, PolicyName="host", PolicyDocument=json.dumps(everything))
    assert account.converge(wanted()) == ["update identity/host-role"]
    assert account.changes(wanted()) == []


def test_a_deleted_policy_and_a_lost_role_come_back(account: Services) -> None:
    account.create(wanted())
    iam = account.session.client("iam")
    iam.delete_role_policy(RoleName=NAME, PolicyName="host")
    iam.remove_role_from_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
    assert sorted(account.converge(wanted())) == ["update identity/host-profile", "update identity/host-role"]
    assert account.changes(wanted()) == []


def test_a_changed_trust_is_repaired(account: Services) -> None:
    account.create(wanted())
    iam = account.session.client("iam")
    anybody = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(anybody))
    assert account.converge(wanted()) == ["update identity/host-role"]
    assert account.changes(wanted()) == []


def test_a_boundary_can_be_set_later(account: Services) -> None:
    account.create(wanted())
    bounded = wanted(identity={"permissions_boundary": "arn:aws:iam::123456789012:policy/bound"})
    assert account.converge(bounded) == ["update identity/host-role"]
    assert account.changes(bounded) == []
    assert account.changes(wanted()) == [], "an option taken away leaves what is there unmanaged"


@pytest.mark.parametrize("key", ["identity/host-role", "identity/host-profile"])
def test_a_look_alike_is_never_touched(account: Services, key: str) -> None:
    iam = account.session.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    theirs = [{"Key": "airlift:stack", "Value": "another"}, {"Key": "airlift:key", "Value": key}]
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust, Tags=theirs)
    iam.create_instance_profile(InstanceProfileName=NAME, Tags=theirs)
    assert account.found(wanted()) == ()
    resource = next(one for one in wanted() if one.key == key)
    properties = {**resource.properties, "role": NAME, "policies": {}}
    with pytest.raises(AirliftError, match="is not this stack's; it was not touched"):
        account.kinds[resource.kind].create(account.context, key, properties)
    account.remove(data=True)
    assert iam.get_role(RoleName=NAME)["Role"]["Tags"] == theirs
    assert iam.get_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Roles"] == []


def test_tags_of_others_survive_and_ours_are_repaired(account: Services) -> None:
    account.create(wanted())
    iam = account.session.client("iam")
    iam.tag_role(RoleName=NAME, Tags=[{"Key": "theirs", "Value": "1"}])
    iam.untag_role(RoleName=NAME, TagKeys=["Name"])
    assert account.converge(wanted()) == ["update identity/host-role"]
    tags = {one["Key"] for one in iam.list_role_tags(RoleName=NAME)["Tags"]}
    assert {"theirs", "Name", "airlift:stack", "airlift:key"} <= tags


def test_what_the_blueprint_drops_goes(account: Services) -> None:
    account.create(wanted())
    without = [one for one in wanted() if one.kind not in ("iam_role", "instance_profile")]
    assert sorted(account.converge(without)) == ["delete identity/host-profile", "delete identity/host-role"]
    iam = account.session.client("iam")
    assert iam.list_roles()["Roles"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


@pytest.mark.parametrize("encode", [lambda text: text, quote, json.loads])
def test_a_policy_is_read_in_whatever_shape_aws_has_it(encode) -> None:
    stored = json.dumps({"Statement": {"Action": "s3:GetObject", "Condition": {"Bool": {"k": "false"}}}})
    assert document(encode(stored)) == {
        "Statement": [{"Action": ["s3:GetObject"], "Condition": {"Bool": {"k": ["false"]}}}]
    }
