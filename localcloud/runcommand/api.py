"""What moto answers about commands and managed instances, replaced or added."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse as Response

from localcloud.backends import InstanceView, instance_tags
from localcloud.patches import add, replace
from localcloud.runcommand.requests import UNAVAILABLE, read_request

if TYPE_CHECKING:
    from localcloud.runcommand.plane import RunCommandPlane

PAGE = 50


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

    def describe_instance_information(response: Response) -> ActionResult:
        wanted = filters_of(response._get_param)
        views = plane.managed(response.region)
        found = [_information(view) for view in views if _passes(view, instance_tags(view), wanted)]
        return ActionResult(page(found, "InstanceInformationList", response))

    replace(Response, "send_command", send_command)
    replace(Response, "get_command_invocation", get_command_invocation)
    add(Response, "list_command_invocations", list_command_invocations)
    add(Response, "cancel_command", cancel_command)
    add(Response, "describe_instance_information", describe_instance_information)
    add(Response, "start_session", _start_session)


def page(found: list[dict[str, Any]], key: str, response: Response) -> dict[str, Any]:
    """One page of a list, with the token of the next; the token is where that begins."""
    start = int(response._get_param("NextToken") or 0)
    end = start + int(response._get_param("MaxResults") or PAGE)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return {key: found[start:end], **more}


def filters_of(parameter: Any) -> dict[str, list[str]]:
    """Both kinds of DescribeInstanceInformation's filters: name → values."""
    new = {item["Key"]: item["Values"] for item in parameter("Filters") or []}
    old = {item["key"]: item["valueSet"] for item in parameter("InstanceInformationFilterList") or []}
    return {**old, **new}


def _passes(view: InstanceView, tags: Mapping[str, str], wanted: Mapping[str, list[str]]) -> bool:
    facts = {
        "InstanceIds": view.id,
        "PingStatus": "Online",
        "PlatformTypes": "Linux",
        "ResourceType": "EC2Instance",
    }
    for key, values in wanted.items():
        if key == "tag-key":
            if not set(tags) & set(values):
                return False
        elif key.startswith("tag:"):
            if tags.get(key.removeprefix("tag:")) not in values:
                return False
        elif key not in facts:
            raise SSMException("InvalidInstanceInformationFilterValue", f"The filter {key} is {UNAVAILABLE}.")
        elif facts[key] not in values:
            return False
    return True


def _information(view: InstanceView) -> dict[str, Any]:
    return {
        "InstanceId": view.id,
        "PingStatus": "Online",
        "LastPingDateTime": datetime.datetime.now(datetime.UTC),
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Debian GNU/Linux",
        "PlatformVersion": "13",
        "ResourceType": "EC2Instance",
        "IPAddress": view.private_ip,
        "ComputerName": view.private_dns_name,
    }


def _start_session(response: Response) -> ActionResult:
    target = response._get_param("Target")
    raise SSMException(
        "TargetNotConnected",
        f"Session Manager is {UNAVAILABLE}: {target} is reached by SSH or by SendCommand.",
    )
