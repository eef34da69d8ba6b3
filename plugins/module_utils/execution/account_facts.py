"""What is asked before there is a graph (the account, its zones), and what new hosts rely on."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws.access import Identity
from ..aws.errors import call_error, code_of
from ..aws.session import Session
from ..blueprint.architecture import mismatch, name_for
from ..blueprint.compute import HOSTS
from ..blueprint.compute_options import ComputeOptions
from ..blueprint.options import Facts, StackOptions
from ..blueprint.zones import without_hosts_to_move
from ..errors import AirliftError
from ..reconcile.model import Action
from ..reconcile.plan import Plan
from .discovery import in_parallel

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef


def facts(session: Session) -> Facts:
    """Look up what the blueprint needs: two calls side by side. The rest is left to ``with_what_is_new``.

    Raises ``AirliftError`` where there is no access, with a sentence that says why.
    """
    answers = in_parallel({"identity": session.verify_access, "zones": lambda: _zones(session)})
    identity, zones = answers["identity"], answers["zones"]
    if isinstance(identity, Exception):
        raise identity
    if isinstance(zones, Exception):
        raise call_error(zones, "read", "the availability zones", session.region) from zones
    assert isinstance(identity, Identity)
    assert isinstance(zones, dict)
    return Facts(
        account_id=identity.account_id,
        region=session.region,
        zones=tuple(zones),
        zone_ids=zones,
        partition=identity.partition,
        new_api_key=f"al-{secrets.token_urlsafe(32)}",
    )


def _zones(session: Session) -> dict[str, str]:
    """Return the ids of the region's availability zones by name, no local or wavelength ones.

    Impaired ones are in: leaving one out would move subnets for the length of an outage.
    """
    answer = session.client("ec2").describe_availability_zones()
    usual = (
        one
        for one in answer["AvailabilityZones"]
        if one.get("ZoneType", "availability-zone") == "availability-zone"
    )
    return {one["ZoneName"]: one["ZoneId"] for one in sorted(usual, key=lambda one: one["ZoneName"])}


def zones_offering(session: Session, instance_type: str) -> tuple[str, ...]:
    """Return the names of the zones that offer ``instance_type``, sorted.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
    """
    pages = (
        session.client("ec2")
        .get_paginator("describe_instance_type_offerings")
        .paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [instance_type]}],
        )
    )
    return tuple(sorted(one["Location"] for page in pages for one in page["InstanceTypeOfferings"]))


def _images(session: Session, compute: ComputeOptions, name: str) -> list[ImageTypeDef]:
    """Return the images of that name by these owners."""
    pages = (
        session.client("ec2")
        .get_paginator("describe_images")
        .paginate(
            Owners=list(compute.image_owners),
            Filters=[
                {"Name": "name", "Values": [name]},
                {"Name": "state", "Values": ["available"]},
            ],
        )
    )
    return [image for page in pages for image in page["Images"]]


_MAKING = frozenset({Action.CREATE, Action.REPLACE})


def creates(plan: Plan, kind: str) -> bool:
    """Whether ``plan`` creates a resource of ``kind``."""
    return any(step.kind == kind and step.action in _MAKING for step in plan.steps)


def with_what_is_new(session: Session, options: StackOptions, known: Facts, plan: Plan) -> Facts:
    """Return ``known`` with what the subnets and hosts that ``plan`` makes rely on.

    Raises ``AirliftError`` where new hosts cannot be: no image matches, or there is no such instance type.
    """
    compute = options.compute
    new_hosts = creates(plan, "instance")
    if not new_hosts and not creates(plan, "subnet"):
        return known
    try:
        known = replace(known, offering=zones_offering(session, compute.instance_type))
    except ClientError as error:
        raise call_error(error, "look up", f"host {compute.instance_type}", known.region) from error
    replaced = [
        step.key.removeprefix(HOSTS)
        for step in plan.steps
        if step.kind == "instance" and step.action is Action.REPLACE
    ]
    known = without_hosts_to_move(known, replaced)
    return with_host_image(session, options, known) if new_hosts else known


def with_host_image(session: Session, options: StackOptions, known: Facts) -> Facts:
    """Return ``known`` with the image of new hosts, having made sure that they can be made.

    Raises ``AirliftError`` where no image matches or runs on the instance type, or the region does not know
    that.
    """
    compute = options.compute
    try:
        [kind] = session.client("ec2").describe_instance_types(
            InstanceTypes=[compute.instance_type]  # type: ignore[list-item]
        )["InstanceTypes"]
        supported = list(kind["ProcessorInfo"]["SupportedArchitectures"])
        name = name_for(compute.image_name, supported)
        images = _images(session, compute, name)
    except ClientError as error:
        if code_of(error) != "InvalidInstanceType":
            raise call_error(error, "look up", f"host {compute.instance_type}", known.region) from error
        raise AirliftError(
            f"There is no instance type {compute.instance_type} in {known.region}.",
            "Set compute.instance_type to a type that this region offers.",
        ) from error
    by_id = {one["ImageId"]: one["Architecture"] for one in images}
    if (reasons := mismatch(name, by_id, compute.instance_type, supported)) is not None:
        raise AirliftError(*reasons)
    image = max(
        (one for one in images if one["Architecture"] in supported),
        key=lambda one: (one.get("CreationDate", ""), one["ImageId"]),
        default=None,
    )
    if image is None:
        raise AirliftError(
            f"{known.region} has no image {name} by {' or '.join(compute.image_owners)}.",
            "Set compute.image_name and compute.image_owners to an image of this region.",
        )
    root = image.get("RootDeviceName") or known.root_device_name
    return replace(known, image_id=image["ImageId"], root_device_name=root)
