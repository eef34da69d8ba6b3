"""What is known of an account before anything is changed, and that nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.arguments import (
    PREFLIGHT,
    connection,
    stack_options,
)
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Session
from ansible_collections.airlift.stack.plugins.module_utils.execution import account_preflight
from ansible_collections.airlift.stack.plugins.module_utils.execution.account_preflight import Answer, ask
from ansible_collections.airlift.stack.plugins.module_utils.execution.quotas import Room
from ansible_collections.airlift.stack.plugins.module_utils.execution.stack import Stack

from tests.integration.cloud import Cloud, served, validated

GIB = 1 << 30


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("preflight")) as cloud:
        yield cloud


def asked(cloud: Cloud, model_bytes: int | None = None, **changes: Any) -> dict[str, Answer]:
    arguments = validated(PREFLIGHT, cloud.options(**changes))
    session = Session(connection(arguments))
    answers = ask(Stack(session, stack_options(arguments, session.region)), model_bytes)
    assert cloud.requests()["mutating"] == 0
    return {one.question: one for one in answers}


def test_what_is_right_is_said_and_what_cannot_be_asked_too(cloud: Cloud) -> None:
    answers = asked(cloud)
    assert {name: one.fault for name, one in answers.items()} == {
        "credentials": False,
        "certificate": False,
        "plan": False,
        "quota": None,
        "model": None,
    }
    assert answers["plan"].said == "40 to create."
    assert "account 123456789012" in answers["credentials"].said
    assert "ask for the quota" in answers["quota"].said


def test_all_faults_come_at_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_preflight, "room_for", lambda *_, **__: Room("Running On-Demand X", 5, 4))
    answers = asked(cloud, 200 * GIB, ingress={"domain": "other.test"})
    faults = {name: one.said for name, one in answers.items() if one.fault}
    assert faults.keys() == {"certificate", "quota", "memory", "disk"}
    assert faults["quota"].startswith(
        "Running On-Demand X: 4 of 5 vCPUs are in use, and 2 hosts of m7i.large need 4 more. Ask for a higher"
    )
    assert faults["memory"] == (
        "The model's files are 200.0 GiB; a m7i.large has 8.0 GiB of memory, which is too little. "
        "Set compute.instance_type to a larger one."
    )
    assert "a host's volume has 30 GiB, 8 of them for the system." in faults["disk"]


def test_a_plan_that_cannot_be_is_a_fault_beside_the_others(cloud: Cloud) -> None:
    answers = asked(cloud, 200 * GIB, compute={"instance_type": "m99.large"})
    faults = {name: one.said for name, one in answers.items() if one.fault}
    assert faults.keys() == {"plan", "disk"}
    assert "There is no instance type m99.large" in faults["plan"]


def test_what_fits_is_no_fault(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_preflight, "room_for", lambda *_, **__: Room("Running On-Demand X", 8, 4))
    answers = asked(cloud, 2 * GIB)
    assert not any(one.fault for one in answers.values())
    assert answers["quota"].said == "Running On-Demand X: 4 of 8 vCPUs are in use, 4 more are needed."
