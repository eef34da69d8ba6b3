"""A stack's name: one rule for the variable, the module and the inventory."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack_name import stack_name_faults
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["demo", "ab", "a1", "team-a", "a--b", "hosts1", "sgx", "internal", "my-aws", "a" * 20]
)
def test_names_that_are_fine(name: str) -> None:
    assert stack_name_faults(name) == []


@pytest.mark.parametrize(
    "name",
    [
        *("hosts", "demo-", "sg", "sg-a", "awsx", "aws", "ssm", "ssm-1", "internal-a", "sthree-a", "xn--a"),
        *("", "a", "1a", "-a", "Demo", "my_stack", "a.b", "a" * 21, "demo\n", "dé", None, 3, True, ["demo"]),
        "amzn-s3-demo-a",
    ],
    ids=repr,
)
def test_names_that_cannot_be(name: object) -> None:
    (said,) = stack_name_faults(name, "airlift_stack_name")
    assert said.startswith(f"airlift_stack_name is {name!r}; it must have 2 to 20 lower-case letters")


@given(st.from_regex(r"[a-z0-9-]{1,22}", fullmatch=True))
def test_the_blueprint_has_the_same_rule(name: str) -> None:
    try:
        StackOptions.parse({"name": name, "region": "us-east-1"})
    except BlueprintError as error:
        assert [str(error)] == stack_name_faults(name)
    else:
        assert stack_name_faults(name) == []


@given(st.from_regex(r"[a-z][a-z0-9-]{0,18}[a-z0-9]", fullmatch=True))
def test_every_name_makes_a_repository_that_ecr_takes(name: str) -> None:
    shape = botocore.session.get_session().get_service_model("ecr").shape_for("RepositoryName")
    assert re.fullmatch(shape.metadata["pattern"], f"{name}/inference")


def test_nobody_else_has_a_rule_of_their_own() -> None:
    rule = re.compile(r"\[a-z\]\[a-z0-9-\]")
    places = [
        *ROOT.glob("playbooks/**/*.yml"),
        *ROOT.glob("roles/*/tasks/*.yml"),
        *ROOT.glob("plugins/**/*.py"),
    ]
    having = {str(file.relative_to(ROOT)) for file in places if rule.search(file.read_text())}
    assert having == {
        "plugins/module_utils/blueprint/stack_name.py",
        "plugins/module_utils/blueprint/compute.py",  # an instance type's
    }
