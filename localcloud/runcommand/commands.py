"""Commands and their invocations, as SSM tells of them.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localcloud.runcommand.shell import Outcome

PLUGIN = "aws:runShellScript"
DOCUMENT = "AWS-RunShellScript"
PLUGIN_OUTPUT_LIMIT = 2_500
DEFAULT_TIMEOUT_SECONDS = 3_600
ENDED = ("Success", "Failed", "TimedOut", "Cancelled")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Request:
    """What SendCommand asked for."""

    commands: tuple[str, ...]
    directory: str = ""
    execution_seconds: float = DEFAULT_TIMEOUT_SECONDS
    delivery_seconds: float = DEFAULT_TIMEOUT_SECONDS
    comment: str = ""
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    targets: Sequence[Mapping[str, Any]] = ()
    max_concurrency: str = "50"
    max_errors: str = "0"


class Invocation:
    """A command on one instance. Read and written by several threads: each assignment is whole."""

    def __init__(self, command_id: str, instance_id: str, request: Request) -> None:
        self.command_id = command_id
        self.instance_id = instance_id
        self.cancelled = threading.Event()
        self.outcome = Outcome("Pending", "Pending", -1)
        self._request = request
        self._requested = _now()
        self._started: datetime.datetime | None = None
        self._ended: datetime.datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the outcome is final."""
        return self.outcome.status in ENDED

    def begin(self) -> None:
        """Note that it runs."""
        self._started = _now()
        self.outcome = Outcome("InProgress", "InProgress", -1)

    def end(self, outcome: Outcome) -> None:
        """Note how it ended."""
        self._ended = _now()
        self.outcome = outcome

    def detail(self) -> dict[str, Any]:
        """The answer of GetCommandInvocation."""
        return {
            "CommandId": self.command_id,
            "InstanceId": self.instance_id,
            "Comment": self._request.comment,
            "DocumentName": DOCUMENT,
            "DocumentVersion": "$DEFAULT",
            "PluginName": PLUGIN,
            "ResponseCode": self.outcome.code,
            "ExecutionStartDateTime": self._started.isoformat() if self._started else "",
            "ExecutionElapsedTime": self._elapsed(),
            "ExecutionEndDateTime": self._ended.isoformat() if self._ended else "",
            "Status": self.outcome.status,
            "StatusDetails": self.outcome.details,
            "StandardOutputContent": self.outcome.stdout,
            "StandardOutputUrl": "",
            "StandardErrorContent": self.outcome.stderr,
            "StandardErrorUrl": "",
        }

    def summary(self, details: bool) -> dict[str, Any]:
        """One of ListCommandInvocations."""
        plugin = {
            "Name": PLUGIN,
            "Status": self.outcome.status,
            "StatusDetails": self.outcome.details,
            "ResponseCode": self.outcome.code,
            "ResponseStartDateTime": self._started,
            "ResponseFinishDateTime": self._ended,
            "Output": self._output()[:PLUGIN_OUTPUT_LIMIT],
        }
        return {
            "CommandId": self.command_id,
            "InstanceId": self.instance_id,
            "Comment": self._request.comment,
            "DocumentName": DOCUMENT,
            "DocumentVersion": "$DEFAULT",
            "RequestedDateTime": self._requested,
            "Status": self.outcome.status,
            "StatusDetails": self.outcome.details,
            "CommandPlugins": [plugin] if details else [],
        }

    def _output(self) -> str:
        error = f"\n----------ERROR-------\n{self.outcome.stderr}" if self.outcome.stderr else ""
        return self.outcome.stdout + error

    def _elapsed(self) -> str:
        if self._started is None:
            return ""
        return f"PT{((self._ended or _now()) - self._started).total_seconds():.3f}S"


class RunCommand:
    """One SendCommand, in the shape that moto keeps commands."""

    def __init__(self, request: Request, instance_ids: Sequence[str]) -> None:
        self.command_id = str(uuid.uuid4())
        self.request = request
        self.instance_ids = list(instance_ids)
        self.invocations = [Invocation(self.command_id, item, request) for item in instance_ids]
        self._requested = _now()

    def status(self) -> tuple[str, str]:
        """Status and details over all invocations: the worst that has happened once all have ended."""
        if not self.invocations:
            return "Success", "NoInstancesInTag"
        found = {item.outcome.status: item.outcome.details for item in self.invocations}
        for status in ("Pending", "InProgress"):
            if status in found:
                waiting = set(found) == {"Pending"}
                return ("Pending", "Pending") if waiting else ("InProgress", "InProgress")
        for status in ("Cancelled", "TimedOut", "Failed"):
            if status in found:
                return status, found[status]
        return "Success", "Success"

    def response_object(self) -> dict[str, Any]:
        """Command, as SendCommand and ListCommands answer it."""
        status, details = self.status()
        request = self.request
        ended = [item.outcome.status for item in self.invocations if item.ended]
        return {
            "CommandId": self.command_id,
            "DocumentName": DOCUMENT,
            "DocumentVersion": "$DEFAULT",
            "Comment": request.comment,
            "ExpiresAfter": self._requested
            + datetime.timedelta(seconds=request.delivery_seconds + request.execution_seconds),
            "Parameters": {name: list(values) for name, values in request.parameters.items()},
            "InstanceIds": [] if request.targets else self.instance_ids,
            "Targets": list(request.targets),
            "RequestedDateTime": self._requested,
            "Status": status,
            "StatusDetails": details,
            "MaxConcurrency": request.max_concurrency,
            "MaxErrors": request.max_errors,
            "TargetCount": len(self.invocations),
            "CompletedCount": len(ended),
            "ErrorCount": sum(status in ("Failed", "TimedOut") for status in ended),
            "DeliveryTimedOutCount": sum(i.outcome.details == "DeliveryTimedOut" for i in self.invocations),
            "TimeoutSeconds": int(request.delivery_seconds),
        }
