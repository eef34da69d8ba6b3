"""docs/operator-policy.json: made from what was recorded, equal to it, sufficient, and complete."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from botocore import xform_name

from localcloud.judge.catalogue import action_name, exists
from localcloud.judge.conditions import like
from tests.integration.cloud import REGION, Cloud, served
from tests.operator.__main__ import ACCOUNT, PUBLISHED, ROOT, document
from tests.operator.policy import MAX_CHARACTERS, Names, filled, text
from tests.operator.record import NAME, lifecycle

SERVICES = (
    "acm",
    "ec2",
    "ecr",
    "elbv2",
    "iam",
    "logs",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "service-quotas",
    "ssm",
)
FREE = {"sts:GetCallerIdentity", "s3:DeleteObject"}
"""Everybody may ask who they are; of objects all versions are named, which is DeleteObjectVersion."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def published() -> str:
    return PUBLISHED.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def operator(cloud: Cloud, published: str) -> Iterator[dict[str, Any]]:
    """The options that make a run the operator's: the key of a user who has no other policy."""
    iam = cloud.client("iam")
    iam.create_user(UserName="operator")
    policy = filled(published, Names(NAME, ACCOUNT, REGION))
    iam.put_user_policy(UserName="operator", PolicyName="airlift", PolicyDocument=policy)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    yield {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


def test_the_operators_policy_suffices_and_is_what_was_recorded(
    cloud: Cloud, operator: dict[str, Any], published: str
) -> None:
    """Every run of the stack's life is made with the operator's key; the damage is the root user's."""
    asked = lifecycle(cloud, **operator)
    assert [one for one in asked if not one["allowed"]] == []
    assert {one["principal"].rpartition(":")[2] for one in asked} == {"user/operator"}
    assert text(document(asked)) == published, "run `make operator-policy` and look at what differs"


def test_a_run_with_less_says_which_action_is_missing(
    cloud: Cloud, operator: dict[str, Any], published: str
) -> None:
    less = filled(published, Names(NAME, ACCOUNT, REGION)).replace('"iam:PassRole"', '"iam:PassNothing"')
    cloud.client("iam").put_user_policy(UserName="operator", PolicyName="airlift", PolicyDocument=less)
    result = cloud.provision(**operator)
    assert result["failed"]
    assert "iam:PassRole" in result["msg"]
    cloud.provision(state="absent", destroy_data=True)


def test_another_stack_is_out_of_the_operators_reach(
    cloud: Cloud, operator: dict[str, Any], published: str
) -> None:
    cloud.client("iam").put_user_policy(
        UserName="operator",
        PolicyName="airlift",
        PolicyDocument=filled(published, Names(NAME, ACCOUNT, REGION)),
    )
    cloud.provision(name="other")
    try:
        result = cloud.provision(name="other", state="absent", destroy_data=True, **operator)
    except AirliftError as error:
        result = {"failed": True, "msg": str(error)}
    assert result["failed"]
    left = {one["kind"] for one in cloud.info(name="other")["resources"]}
    assert {
        "vpc",
        "subnet",
        "bucket",
        "secret",
        "iam_role",
        "load_balancer",
        "instance",
        "repository",
    } <= left
    cloud.provision(name="other", state="absent", destroy_data=True)


def test_it_fits_into_a_role() -> None:
    longest = Names("a-stack-with-a-long-name", ACCOUNT, "ap-southeast-1")
    policy = filled(PUBLISHED.read_text(encoding="utf-8"), longest)
    assert len("".join(policy.split())) <= MAX_CHARACTERS
    assert "STACK" not in policy


def test_every_call_in_the_code_is_allowed(published: str) -> None:
    """A call that nobody recorded, such as the repair of rare damage, is found by its name in the code."""
    allowed = [action for statement in json.loads(published)["Statement"] for action in statement["Action"]]
    missing = [
        action for action in sorted(called() - FREE) if not any(like(action, pattern) for pattern in allowed)
    ]
    assert missing == []


def called() -> set[str]:
    """The IAM actions of all operations that the collection's code names, by attribute or by paginator."""
    operations: dict[str, set[str]] = {}
    loader = botocore.loaders.create_loader()
    for service in SERVICES:
        model = loader.load_service_model(service, "service-2")
        signing = model["metadata"].get("signingName", model["metadata"]["endpointPrefix"])
        for name in model["operations"]:
            operations.setdefault(xform_name(name), set()).add(action_name(signing, name))
    found: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for words in names_in(path):
            actions = {one for one in operations.get(words, ()) if exists(one)}
            found |= (
                actions if len(actions) == 1 else {one for one in actions if one in of_file(path, actions)}
            )
    return found


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def of_file(path: Path, actions: set[str]) -> set[str]:
    """Of operations that several services have: those of a service whose client the file asks for."""
    words = set(names_in(path))
    prefixes = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
    services = {prefixes.get(word, word) for word in words if word in SERVICES}
    return {one for one in actions if one.partition(":")[0] in services}
