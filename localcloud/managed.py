"""The instances that SSM manages: all that run, but for those whose agent is silent on request.

`POST /_localcloud/silent-agents` names them; `*` is every instance started from now on, too.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse as Response

from localcloud.backends import InstanceView, instance_tags, instances

UNAVAILABLE = "not available on the embedded AWS"
PAGE = 50

_lock = threading.Lock()
_silent: set[str] = set()


def set_silent(body: Mapping[str, object]) -> dict[str, object]:
    """Put these instances in place of those that were silent before. Raises ValueError."""
    given = body.get("instance_ids")
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError('expected {"instance_ids": ["i-…"]}, or ["*"] for all')
    with _lock:
        _silent.clear()
        _silent.update(given)
        return {"instance_ids": sorted(_silent)}


def managed(region: str) -> list[InstanceView]:
    """The instances that take commands."""
    with _lock:
        silent = frozenset(_silent)
    return [
        view
        for view in instances()
        if view.region == region and view.state == "running" and not silent & {view.id, "*"}
    ]


def describe_instance_information(response: Response) -> ActionResult:
    """DescribeInstanceInformation, which moto lacks."""
    wanted = filters_of(response._get_param)
    found = [
        _information(view) for view in managed(response.region) if _passes(view, instance_tags(view), wanted)
    ]
    return ActionResult(page(found, "InstanceInformationList", response))


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
