"""What moto answers about commands, replaced or added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse as Response

from localcloud.managed import page
from localcloud.patches import add, replace
from localcloud.runcommand.requests import UNAVAILABLE, read_request

if TYPE_CHECKING:
    from localcloud.runcommand.plane import RunCommandPlane


def install(plane: RunCommandPlane) -> None:
    """Let `plane` speak for Run Command and for the instances that it reaches."""

    def send_command(response: Response) -> ActionResult:
        request = read_request(response._get_param)
        ids = response._get_param("InstanceIds") or []
        command = plane.send(response.ssm_backend, request, ids)
        return ActionResult({"Command": command.response_object()})

    def get_command_invocation(response: Response) -> ActionResult:
        command_id, instance_id = response._get_param("CommandId"), response._get_param("InstanceId")
        return ActionResult(plane.invocation(response.ssm_backend, command_id, instance_id))

    def list_command_invocations(response: Response) -> ActionResult:
        instance_id = response._get_param("InstanceId")
        details = bool(response._get_param("Details", False))
        found = [
            item.summary(details)
            for item in plane.invocations(response.ssm_backend, response._get_param("CommandId"))
            if instance_id in (None, item.instance_id)
        ]
        return ActionResult(page(found, "CommandInvocations", response))

    def cancel_command(response: Response) -> EmptyResult:
        ids = response._get_param("InstanceIds") or []
        plane.cancel(response.ssm_backend, response._get_param("CommandId"), ids)
        return EmptyResult()

    replace(Response, "send_command", send_command)
    replace(Response, "get_command_invocation", get_command_invocation)
    add(Response, "list_command_invocations", list_command_invocations)
    add(Response, "cancel_command", cancel_command)
    add(Response, "start_session", _start_session)


def _start_session(response: Response) -> ActionResult:
    target = response._get_param("Target")
    raise SSMException(
        "TargetNotConnected",
        f"Session Manager is {UNAVAILABLE}: {target} is reached by SSH or by SendCommand.",
    )
