"""What the hosts may do, and above all what they may not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import identity
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference

from tests.unit.stack_options import FACTS, at, of, options, statements

BUCKET = "arn:aws:s3:::airlift-123456789012-us-east-1"
UNLIMITABLE = {"RegistryLogin", "WriteMetrics", "WriteTraces", "Sessions"}
"""Statements on ``*``: AWS offers no resource to limit their actions to."""


def policy(**layers: dict[str, object] | None) -> dict[str, dict[str, object]]:
    return statements(at(of(identity.wanted, **layers)["identity/host-role"], "policies.host"))


def test_role_and_profile_have_one_name_and_belong_together() -> None:
    wanted = of(identity.wanted)
    assert wanted["identity/host-role"].properties["name"] == "airlift-us-east-1-host"
    profile = wanted["identity/host-profile"]
    assert profile.properties == {
        "name": "airlift-us-east-1-host",
        "role": Reference("identity/host-role", "name"),
    }


def test_the_region_is_in_the_name_and_too_long_a_one_is_refused() -> None:
    with pytest.raises(BlueprintError) as error:
        identity.wanted(
            options(identity={"permissions_boundary": "bound"}), replace(FACTS, region="eu-" + "x" * 50)
        )
    assert "airlift-eu-xxx" in str(error.value)
    assert "of 66 characters; IAM takes 64. Choose a shorter stack name." in str(error.value)
    assert "identity.permissions_boundary is 'bound'" in str(error.value), "all that is wrong at once"


def test_ec2_alone_may_assume_the_role() -> None:
    trust = statements(at(of(identity.wanted)["identity/host-role"], "trust_policy"))
    assert trust["Hosts"]["Principal"] == {"Service": ["ec2.amazonaws.com"]}
    assert trust["Hosts"]["Action"] == ["sts:AssumeRole"]


@pytest.mark.parametrize(
    ("sid", "actions", "resources"),
    [
        ("RegistryLogin", {"ecr:GetAuthorizationToken"}, ["*"]),
        (
            "PullImages",
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            [Reference("registry/repository/inference", "arn")],
        ),
        ("ReadModels", {"s3:GetObject"}, [f"{BUCKET}/models/*"]),
        ("ListModels", {"s3:ListBucket"}, [BUCKET]),
        ("ReadKeys", {"secretsmanager:GetSecretValue"}, [Reference("secrets/api-keys", "arn")]),
        ("ReadRelease", {"ssm:GetParameter"}, [Reference("delivery/release", "arn")]),
        (
            "WriteLogEvents",
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            [
                f"arn:aws:logs:us-east-1:123456789012:log-group:/airlift/{name}:*"
                for name in ("edge", "inference", "host")
            ],
        ),
        ("WriteMetrics", {"cloudwatch:PutMetricData"}, ["*"]),
        ("WriteTraces", {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, ["*"]),
    ],
)
def test_each_thing_a_host_does(sid: str, actions: set[str], resources: list[object]) -> None:
    statement = policy()[sid]
    assert set(statement["Action"]) == actions  # type: ignore[call-overload]
    assert statement["Resource"] == resources


def test_and_nothing_else() -> None:
    assert set(policy()) == {
        *("RegistryLogin", "PullImages", "ReadModels", "ListModels"),
        *("ReadKeys", "ReadRelease", "WriteLogEvents", "WriteMetrics", "WriteTraces"),
    }


def test_conditions_where_resources_cannot_limit() -> None:
    assert policy()["ListModels"]["Condition"] == {"StringLike": {"s3:prefix": ["models/*"]}}
    assert policy()["WriteMetrics"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": ["Airlift/airlift"]}
    }


def test_sessions_only_where_access_is_by_ssm() -> None:
    assert "Sessions" not in policy(compute={"access": "ssh"})
    sessions = policy(compute={"access": "ssm"})["Sessions"]
    assert {action.split(":")[0] for action in sessions["Action"]} == {  # type: ignore[attr-defined]
        "ec2messages",
        "ssm",
        "ssmmessages",
    }


@pytest.mark.parametrize("access", ["ssh", "ssm", "both"])
def test_a_host_cannot_say_which_ssh_host_keys_are_its_own(access: str) -> None:
    """They are kept in a tag of the instance, which only who operates the stack may write."""
    actions = [
        action
        for statement in policy(compute={"access": access}).values()
        for action in statement["Action"]  # type: ignore[attr-defined]
    ]
    assert not [action for action in actions if action.split(":")[0] in ("ec2", "tag", "*", "iam", "sts")]


@pytest.mark.parametrize("access", ["ssh", "ssm", "both"])
def test_no_wildcard_of_actions_and_no_resource_wider_than_it_must_be(access: str) -> None:
    for sid, statement in policy(compute={"access": access}).items():
        assert not any("*" in action for action in statement["Action"])  # type: ignore[attr-defined]
        assert (statement["Resource"] == ["*"]) is (sid in UNLIMITABLE), sid


def test_the_partition_is_the_region_s() -> None:
    china = Facts("123456789012", "cn-north-1", ("cn-north-1a",), partition="aws-cn", new_api_key="al-x")
    role = next(one for one in identity.wanted(options(), china) if one.kind == "iam_role")
    assert "arn:aws:" not in str(role.properties)
    assert statements(at(role, "trust_policy"))["Hosts"]["Principal"] == {"Service": ["ec2.amazonaws.com.cn"]}


def test_a_boundary_is_passed_on_and_checked() -> None:
    bound = "arn:aws:iam::123456789012:policy/teams/bound"
    role = of(identity.wanted, identity={"permissions_boundary": bound})["identity/host-role"]
    assert role.properties["permissions_boundary"] == bound
    assert of(identity.wanted)["identity/host-role"].properties["permissions_boundary"] is None
    with pytest.raises(
        BlueprintError, match=r"identity\.permissions_boundary is 'bound'; it must be the ARN"
    ):
        identity.wanted(options(identity={"permissions_boundary": "bound"}), FACTS)
