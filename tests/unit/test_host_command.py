"""What the module makes of SSM's answers. That the command really runs is shown by the end-to-end tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import OverdueError
from ansible_collections.airlift.stack.plugins.modules.host_command import Ended, run, sentence

SUCCESS = {
    "Status": "Success",
    "ResponseCode": 0,
    "StandardOutputContent": "ok",
    "StandardErrorContent": "",
}


class NotThereYetError(Exception):
    """What SSM raises while the instance has not heard of the command."""


class Ssm:
    """SSM with given answers, one for each question; the last one stays."""

    class exceptions:  # noqa: N801  # botocore's name
        InvocationDoesNotExist = NotThereYetError

    def __init__(self, *answers: Mapping[str, Any] | None) -> None:
        self.answers = list(answers)
        self.sent: dict[str, Any] = {}

    def send_command(self, **request: Any) -> Mapping[str, Any]:
        self.sent = request
        return {"Command": {"CommandId": "c-1"}}

    def cancel_command(self, **request: Any) -> Mapping[str, Any]:
        self.cancelled = request
        return {}

    def get_command_invocation(self, **_: str) -> Mapping[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise NotThereYetError
        return answer


def ended(ssm: Ssm, timeout_seconds: int = 60) -> Ended:
    command = ["/usr/bin/agent", "a word", "$(rm -rf /)"]
    return run(cast("Any", ssm), "i-1", command, timeout_seconds, sleep=lambda _: None)


def test_it_waits_until_the_command_has_ended() -> None:
    ssm = Ssm(None, {"Status": "Pending"}, {"Status": "InProgress"}, SUCCESS)
    assert ended(ssm) == Ended(0, "ok", "", "Success")


def test_words_stay_words() -> None:
    ssm = Ssm(SUCCESS)
    ended(ssm)
    assert ssm.sent["Parameters"]["commands"] == ["/usr/bin/agent 'a word' '$(rm -rf /)'"]
    assert ssm.sent["Parameters"]["executionTimeout"] == ["60"]


def test_a_command_that_never_ends_is_overdue_and_called_off() -> None:
    ssm = Ssm({"Status": "InProgress"})
    with pytest.raises(OverdueError, match="has not ended after -60 s"):
        ended(ssm, timeout_seconds=-60)
    assert ssm.cancelled["CommandId"]


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (Ended(3, "so far", "why\nit is full", "Failed"), "Failed, exit status 3: it is full."),
        (Ended(1, "only output", "", "Failed"), "exit status 1: only output."),
        (Ended(-1, "", "", "Undeliverable"), "it printed nothing. Is the SSM agent running"),
    ],
)
def test_a_failure_is_one_sentence(end: Ended, says: str) -> None:
    assert says in sentence(end, ["/usr/bin/agent"], "i-1", "us-east-1")
