"""Where an instance can be started: zones that offer its type, that have room, and machine images that fit.

moto starts anything anywhere. Zones are full on request (`POST /_localcloud/full-zones`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from werkzeug.exceptions import HTTPException


@dataclass(frozen=True)
class Full:
    """A zone without room for instance types that match a pattern."""

    zone: str
    instance_type: str = "*"


class NoCapacityError(HTTPException):
    """AWS counts it among its own errors, not the client's: SDKs repeat the request first."""

    code = 500

    def __init__(self, message: str) -> None:
        super().__init__(
            "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code>"
            f"<Message>{escape(message)}</Message></Error></Errors><RequestID>{uuid4()}</RequestID></Response>"
        )


_lock = threading.Lock()
_full: list[Full] = []


def set_full(body: Mapping[str, object]) -> dict[str, object]:
    """Put these full zones in place of those before. Raises ValueError."""
    given = body.get("zones")
    if not isinstance(given, list) or not all(_is_full(one) for one in given):
        raise ValueError('expected {"zones": [{"zone": "us-east-1a", "instance_type": "m7i.*"}]}')
    with _lock:
        _full[:] = [Full(**one) for one in given]
        return {"zones": [{"zone": one.zone, "instance_type": one.instance_type} for one in _full]}


def _is_full(given: object) -> bool:
    return (
        isinstance(given, dict)
        and "zone" in given
        and given.keys() <= {"zone", "instance_type"}
        and all(isinstance(value, str) for value in given.values())
    )


def check(backend: EC2Backend, image_id: str, asked: Mapping[str, Any]) -> None:
    """Refuse what RunInstances refuses, in AWS's words."""
    instance_type = asked.get("instance_type")
    if instance_type not in INSTANCE_TYPES:
        return
    _check_architecture(backend, image_id, instance_type)
    zone = _zone(backend, asked)
    if zone is None:
        return
    offering = _zones_offering(backend, instance_type)
    if zone not in offering:
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({instance_type}) is not supported in your requested Availability "
            f"Zone ({zone}). Please retry your request by not specifying an Availability Zone or choosing "
            f"{', '.join(offering)}.",
        )
    if _has_no_room(zone, instance_type):
        roomy = [one for one in offering if not _has_no_room(one, instance_type)]
        raise NoCapacityError(
            f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you "
            f"requested ({zone}). Our system will be working on provisioning additional capacity. You can "
            f"currently get {instance_type} capacity by not specifying an Availability Zone in your request "
            f"or choosing {', '.join(roomy)}.",
        )


def _check_architecture(backend: EC2Backend, image_id: str, instance_type: str) -> None:
    image = backend.amis.get(image_id)
    supported = INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]
    if image is not None and image.architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{supported[-1]}' of the specified instance type does not match the "
            f"architecture '{image.architecture}' of the specified AMI. Specify an instance type and an AMI "
            "that have matching architectures, and try again.",
        )


def _zone(backend: EC2Backend, asked: Mapping[str, Any]) -> str | None:
    subnet_id = asked.get("subnet_id") or next(
        (nic["SubnetId"] for nic in asked.get("nics") or [] if nic.get("SubnetId")), None
    )
    return str(backend.get_subnet(subnet_id).availability_zone) if subnet_id else None


def _zones_offering(backend: EC2Backend, instance_type: str) -> list[str]:
    offerings = backend.describe_instance_type_offerings(
        "availability-zone", {"instance-type": [instance_type]}
    )
    return sorted(one["Location"] for one in offerings)


def _has_no_room(zone: str, instance_type: str) -> bool:
    with _lock:
        return any(one.zone == zone and fnmatchcase(instance_type, one.instance_type) for one in _full)
