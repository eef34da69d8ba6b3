from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from moto.ssm.exceptions import SSMException

from localcloud.backends import InstanceView
from localcloud.runcommand.commands import Request, RunCommand
from localcloud.runcommand.requests import choose_instances, read_request
from localcloud.runcommand.shell import STDOUT_LIMIT, Outcome, Output


class _View:
    def __init__(self, instance_id: str, **tags: str) -> None:
        self.id = instance_id
        self.tags = tags


VIEWS = [
    _View("i-1", role="web", env="a"),
    _View("i-2", role="web", env="b"),
    _View("i-3", role="db", env="a"),
]


def _choose(ids: list[str], targets: list[dict[str, Any]]) -> list[str]:
    views = cast("list[InstanceView]", VIEWS)

    def tags_of(view: InstanceView) -> Mapping[str, str]:
        return cast("_View", view).tags

    return choose_instances(ids, targets, views, tags_of)


@pytest.mark.parametrize(
    ("ids", "targets", "expected"),
    [
        (["i-2", "i-1", "i-2"], [], ["i-2", "i-1"]),
        ([], [{"Key": "tag:role", "Values": ["web"]}], ["i-1", "i-2"]),
        ([], [{"Key": "tag:role", "Values": ["web"]}, {"Key": "tag:env", "Values": ["a"]}], ["i-1"]),
        ([], [{"Key": "InstanceIds", "Values": ["i-3"]}], ["i-3"]),
        ([], [{"Key": "tag-key", "Values": ["env"]}], ["i-1", "i-2", "i-3"]),
        ([], [{"Key": "tag:role", "Values": ["none"]}], []),
        ([], [], []),
    ],
)
def test_the_instances_meant(ids: list[str], targets: list[dict[str, Any]], expected: list[str]) -> None:
    assert _choose(ids, targets) == expected


def test_an_instance_that_does_not_run_is_refused() -> None:
    with pytest.raises(SSMException, match=r"i-9.* not in a valid state") as caught:
        _choose(["i-1", "i-9"], [])
    assert caught.value.code == "InvalidInstanceId"


def _read(**given: Any) -> Request:
    return read_request({"DocumentName": "AWS-RunShellScript", **given}.get)


def test_parameters_are_read() -> None:
    parameters = {"commands": ["a", "b"], "workingDirectory": ["/tmp"], "executionTimeout": ["7"]}
    request = _read(Parameters=parameters, TimeoutSeconds=30)
    assert request.commands == ("a", "b")
    assert (request.directory, request.execution_seconds, request.delivery_seconds) == ("/tmp", 7, 30)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"DocumentName": "AWS-RunPowerShellScript"}, "InvalidDocument"),
        ({"Parameters": {}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["a"], "comands": ["b"]}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["a"], "executionTimeout": ["soon"]}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["a"]}, "OutputS3BucketName": "b"}, "InvalidOutputFolder"),
    ],
)
def test_what_cannot_be_done_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(SSMException) as caught:
        _read(**given)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["Pending", "Pending"], "Pending"),
        (["Success", "Pending"], "InProgress"),
        (["Failed", "InProgress"], "InProgress"),
        (["Success", "Success"], "Success"),
        (["Success", "Failed"], "Failed"),
        (["Failed", "TimedOut"], "TimedOut"),
        (["Cancelled", "TimedOut"], "Cancelled"),
    ],
)
def test_a_command_sums_up_its_invocations(statuses: list[str], expected: str) -> None:
    command = RunCommand(Request(commands=("a",)), [f"i-{n}" for n in range(len(statuses))])
    for invocation, status in zip(command.invocations, statuses, strict=True):
        invocation.outcome = Outcome(status, status, 0)
    assert command.response_object()["Status"] == expected


def test_output_is_cut_at_its_limit() -> None:
    output = Output(STDOUT_LIMIT)
    for _ in range(100):
        output.add(b"x" * 1000)
    output.add(None)
    assert output.text() == "x" * STDOUT_LIMIT
