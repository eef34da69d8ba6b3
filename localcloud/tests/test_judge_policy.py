"""Policies, conditions and their evaluation, without a server."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.loaders
import pytest

from localcloud.judge.catalogue import NAMES, action_name, condition_keys, exists, resource_types
from localcloud.judge.conditions import holds
from localcloud.judge.decision import NO_POLICY, Held, ResourcePolicy, refusal
from localcloud.judge.parameters import nested, tags_of
from localcloud.judge.policy import Ask, Principal, Statement, parse
from localcloud.judge.resources import resources
from localcloud.judge.scope import Scope

ACCOUNT = "123456789012"
SCOPE = Scope("us-east-1", ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/host"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/host/i-1", "AssumedRole", role_arn=ROLE)
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/eve", "User")
ROOT = Principal(f"arn:aws:iam::{ACCOUNT}:root", "Account")
GET = Ask("s3:GetObject", "arn:aws:s3:::b/models/a")
BECAUSE = "because no {} allows the s3:GetObject action"
DENIED = "with an explicit deny in {}"


def policy(*statements: dict[str, Any]) -> tuple[Statement, ...]:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "expected"),
    [
        ("StringEquals", ["a"], ["a"], True),
        ("StringEquals", ["a"], ["A"], False),
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", ["a"], [], False),
        ("StringEqualsIfExists", ["a"], [], True),
        ("StringEqualsIfExists", ["a"], ["b"], False),
        ("StringNotEquals", ["a"], [], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringEqualsIgnoreCase", ["a"], ["A"], True),
        ("StringLike", ["models/*"], ["models/a/b"], True),
        ("StringLike", ["models/?"], ["models/ab"], False),
        ("StringNotLike", ["models/*"], ["logs/"], True),
        ("ArnLike", ["arn:aws:iam::*:role/x-*"], ["arn:aws:iam::1:role/x-y"], True),
        ("Bool", ["false"], ["true"], False),
        ("Bool", ["true"], ["true"], True),
        ("Null", ["true"], [], True),
        ("Null", ["true"], ["a"], False),
        ("Null", ["false"], ["a"], True),
        ("NumericLessThan", ["10"], ["9"], True),
        ("NumericNotEquals", ["10"], ["10"], False),
        ("DateGreaterThan", ["2026-01-01T00:00:00Z"], ["2026-06-01T00:00:00+00:00"], True),
        ("DateLessThan", ["2026-01-01T00:00:00Z"], ["2026-06-01T00:00:00+00:00"], False),
        ("IpAddress", ["10.0.0.0/8"], ["10.1.2.3"], True),
        ("NotIpAddress", ["10.0.0.0/8"], ["10.1.2.3"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a"], ["a", "b"], False),
        ("ForAllValues:StringEquals", ["a"], [], True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
        ("ForAnyValue:StringEquals", ["a"], [], False),
    ],
)
def test_a_condition(operator: str, wanted: list[str], values: list[str], expected: bool) -> None:
    context = {"some:key": values} if values else {}
    assert holds(operator, "Some:Key", wanted, context) is expected


def test_an_operator_that_iam_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="StringEqual"):
        holds("StringEqual", "a", ["b"], {"a": ["b"]})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow(), None),
        (allow("S3:get*"), None),
        (allow("s3:GetObjectVersion"), BECAUSE.format("identity-based policy")),
        (allow(resource="arn:aws:s3:::b/models/*"), None),
        (allow(resource="arn:aws:s3:::b"), BECAUSE.format("identity-based policy")),
        (allow(resource="arn:aws:s3:::b/MODELS/*"), BECAUSE.format("identity-based policy")),
        ({"Effect": "Allow", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::c/*"}, None),
        (
            {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"},
            BECAUSE.format("identity-based policy"),
        ),
        (allow(Condition={"Bool": {"aws:SecureTransport": "true"}}), BECAUSE.format("identity-based policy")),
        (allow(Condition={"Bool": {"aws:SecureTransport": True}}), BECAUSE.format("identity-based policy")),
    ],
)
def test_a_statement_of_an_identitys_policy(statement: dict[str, Any], expected: str | None) -> None:
    assert refusal(GET, Held(SESSION, policy(statement))) == expected


def test_policy_variables_have_the_requests_values() -> None:
    held = Held(USER, policy(allow(resource="arn:aws:s3:::b/${aws:username}/*")))
    ask = Ask("s3:GetObject", "arn:aws:s3:::b/eve/x", {"aws:username": ("eve",)})
    assert refusal(ask, held) is None
    assert refusal(Ask("s3:GetObject", "arn:aws:s3:::b/bob/x", ask.context), held) is not None


@pytest.mark.parametrize(
    ("held", "resource", "expected"),
    [
        (Held(ROOT), NO_POLICY, None),
        (Held(SESSION), NO_POLICY, BECAUSE.format("identity-based policy")),
        (Held(SESSION, policy(allow()), policy(allow("s3:*"))), NO_POLICY, None),
        (Held(SESSION, policy(allow()), ()), NO_POLICY, BECAUSE.format("permissions boundary")),
        (Held(SESSION, (), policy(allow())), NO_POLICY, BECAUSE.format("identity-based policy")),
        (Held(SESSION, policy(allow()), None, ()), NO_POLICY, BECAUSE.format("session policy")),
        (Held(SESSION, policy(allow(), deny())), NO_POLICY, DENIED.format("an identity-based policy")),
        (
            Held(SESSION, policy(allow()), policy(allow(), deny())),
            NO_POLICY,
            DENIED.format("a permissions boundary"),
        ),
        (
            Held(SESSION, policy(allow())),
            ResourcePolicy(policy(deny(Principal="*"))),
            DENIED.format("a resource-based policy"),
        ),
        (Held(ROOT), ResourcePolicy(policy(deny(Principal="*"))), DENIED.format("a resource-based policy")),
        (Held(USER), ResourcePolicy(policy(allow(Principal={"AWS": USER.arn}))), None),
        (Held(USER, (), ()), ResourcePolicy(policy(allow(Principal={"AWS": USER.arn}))), None),
        (Held(SESSION), ResourcePolicy(policy(allow(Principal={"AWS": ROLE}))), None),
        (
            Held(SESSION, (), ()),
            ResourcePolicy(policy(allow(Principal={"AWS": ROLE}))),
            BECAUSE.format("permissions boundary"),
        ),
        (
            Held(USER),
            ResourcePolicy(policy(allow(Principal={"AWS": ACCOUNT}))),
            BECAUSE.format("identity-based policy"),
        ),
        (
            Held(USER, policy(allow())),
            ResourcePolicy((), required=True),
            BECAUSE.format("resource-based policy"),
        ),
        (
            Held(USER, policy(allow())),
            ResourcePolicy(policy(allow(Principal={"AWS": ROOT.arn})), required=True),
            None,
        ),
        (
            Held(USER),
            ResourcePolicy(policy(deny(NotPrincipal={"AWS": USER.arn}), allow(Principal={"AWS": USER.arn}))),
            None,
        ),
        (
            Held(Principal("ec2.amazonaws.com", "Service")),
            ResourcePolicy(policy(allow(Principal={"Service": "ec2.amazonaws.com"}))),
            None,
        ),
        (Held(Principal("*", "Anonymous")), NO_POLICY, BECAUSE.format("resource-based policy")),
        (Held(Principal("*", "Anonymous")), ResourcePolicy(policy(allow(Principal="*"))), None),
    ],
)
def test_all_policies_together(held: Held, resource: ResourcePolicy, expected: str | None) -> None:
    assert refusal(GET, held, resource) == expected


def test_a_forms_parameters_are_nested() -> None:
    pairs = [
        ("Action", "X"),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
        ("Id.2", "y"),
        ("Id.1", "x"),
    ]
    assert nested(pairs) == {"Action": "X", "Tags": [{"Key": "a", "Value": "b"}], "Id": ["x", "y"]}
    assert tags_of(nested(pairs)) == {"a": "b"}


EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
ELB = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/demo/edge"


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("ec2:DescribeVpcs", {}, ["*"]),
        ("ec2:CreateVpc", {"CidrBlock": "10.0.0.0/16"}, [f"{EC2}:vpc/*"]),
        ("ec2:CreateSubnet", {"VpcId": "vpc-12345678"}, [f"{EC2}:subnet/*", f"{EC2}:vpc/vpc-12345678"]),
        ("ec2:TerminateInstances", {"InstanceId": ["i-12345678"]}, [f"{EC2}:instance/i-12345678"]),
        ("ec2:DeleteKeyPair", {"KeyName": "k"}, [f"{EC2}:key-pair/k"]),
        (
            "ec2:CreateTags",
            {"ResourceId": ["vpc-12345678", "eipalloc-12345678"]},
            [f"{EC2}:elastic-ip/eipalloc-12345678", f"{EC2}:vpc/vpc-12345678"],
        ),
        (
            "elasticloadbalancing:CreateLoadBalancer",
            {"Version": "2015-12-01", "Name": "demo"},
            [f"{ELB}:loadbalancer/app/demo/*"],
        ),
        (
            "elasticloadbalancing:CreateListener",
            {"LoadBalancerArn": f"{ELB}:loadbalancer/app/a/1", "TargetGroupArn": f"{ELB}:targetgroup/t/2"},
            [f"{ELB}:loadbalancer/app/a/1"],
        ),
        (
            "elasticloadbalancing:AddTags",
            {"ResourceArns": [f"{ELB}:targetgroup/t/2"]},
            [f"{ELB}:targetgroup/t/2"],
        ),
        ("logs:CreateLogGroup", {"logGroupName": "/demo/edge"}, [f"{LOGS}:log-stream:"]),
        (
            "logs:PutLogEvents",
            {"logGroupName": "/demo/edge", "logStreamName": "s"},
            [f"{LOGS}:log-stream:s"],
        ),
        ("logs:TagResource", {"resourceArn": LOGS}, [LOGS]),
        ("ssm:GetParameter", {"Name": "/demo/x"}, [f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/demo/x"]),
        (
            "ecr:BatchGetImage",
            {"repositoryName": "demo/inference"},
            [f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/demo/inference"],
        ),
        (
            "secretsmanager:DeleteSecret",
            {"SecretId": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:demo/api-keys-AbCdEf"},
            [f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:demo/api-keys-AbCdEf"],
        ),
        ("iam:CreateRole", {"RoleName": "r", "Path": "/x/"}, [f"arn:aws:iam::{ACCOUNT}:role/x/r"]),
        ("cloudwatch:PutMetricData", {"Namespace": "x"}, ["*"]),
    ],
)
def test_what_a_call_is_about(action: str, given: dict[str, Any], expected: list[str]) -> None:
    assert sorted(resources(action, given, SCOPE)) == sorted(expected)


RARE = (
    "CreateSession|DeleteBucketCors|ListDirectoryBuckets|RenameObject|SelectObjectContent|Write\\w+Response"
)
RARE_CONFIGURATIONS = r"\w+Bucket(Analytics|IntelligentTiering|Inventory|Metadata|Metrics)Configurations?"


def test_s3s_operations_are_actions_that_iam_has() -> None:
    """But for what moto lacks, or nobody limits."""
    operations = botocore.loaders.create_loader().load_service_model("s3", "service-2")["operations"]
    unknown = [name for name in operations if not exists(action_name("s3", name))]
    assert [name for name in unknown if not re.fullmatch(f"{RARE}|{RARE_CONFIGURATIONS}", name)] == []
    named = {f"s3:{one}" for one in NAMES.values()} - {"s3:InvokeFunction"}
    assert [one for one in named if not exists(one)] == []


def test_iams_own_data_is_read() -> None:
    assert "cloudwatch:namespace" in condition_keys("cloudwatch:PutMetricData")
    assert [one.name for one in resource_types("ec2:CreateSubnet") if one.required] == ["subnet", "vpc"]
