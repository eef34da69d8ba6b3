"""One command of SSM Run Command: sent, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..aws.errors import AWS_ERRORS
from ..errors import OverdueError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

DOCUMENT = "AWS-RunShellScript"
DELIVERY_SECONDS = 60
"""How long the instance's agent may take to fetch the command. After that it is never run."""

_RUNNING = {"Pending", "InProgress", "Delayed", "Cancelling"}
_FIRST_POLL_SECONDS = 0.3
_LONGEST_POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended on the instance. ``details`` is SSM's finer word for ``status``."""

    rc: int
    stdout: str
    stderr: str
    status: str
    details: str = ""


def run_lines(  # noqa: PLR0913  # what SendCommand is told
    ssm: SSMClient,
    instance_id: str,
    lines: Sequence[str],
    timeout_seconds: int,
    *,
    what: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Have the instance's shell run ``lines`` as root, and wait for the end. ``what`` names them in errors.

    Who is interrupted while waiting cancels the command. Raises ``OverdueError`` if SSM knows of no end when
    it is overdue, and what AWS raises. SSM keeps 24,000 characters of output and 8,000 of errors.
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
    """
    sent = ssm.send_command(
        InstanceIds=[instance_id],
        DocumentName=DOCUMENT,
        Parameters={"commands": list(lines), "executionTimeout": [str(timeout_seconds)]},
        TimeoutSeconds=DELIVERY_SECONDS,
    )["Command"]["CommandId"]
    try:
        ended = _wait(ssm, sent, instance_id, timeout_seconds + DELIVERY_SECONDS, sleep)
    except BaseException:
        _cancel(ssm, sent, instance_id)
        raise
    if ended is None:
        _cancel(ssm, sent, instance_id)
        raise OverdueError(
            f"Failed to run {what} on instance {instance_id}: command {sent} has not ended after "
            f"{timeout_seconds} s.",
            "Look with SSM.",
        )
    return ended


def _wait(
    ssm: SSMClient, sent: str, instance_id: str, seconds: float, sleep: Callable[[float], None]
) -> Ended | None:
    """Return how the command ended, or None if it has not when ``seconds`` are over."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_POLL_SECONDS
    while time.monotonic() < deadline:
        sleep(pause)
        pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)
        try:
            said = ssm.get_command_invocation(CommandId=sent, InstanceId=instance_id)
        except ssm.exceptions.InvocationDoesNotExist:
            continue
        if said["Status"] not in _RUNNING:
            return Ended(
                said["ResponseCode"],
                said["StandardOutputContent"],
                said["StandardErrorContent"],
                said["Status"],
                said.get("StatusDetails", ""),
            )
    return None


def _cancel(ssm: SSMClient, sent: str, instance_id: str) -> None:
    try:
        ssm.cancel_command(CommandId=sent, InstanceIds=[instance_id])
    except AWS_ERRORS:
        return  # what interrupted us is what has to be said
