"""What is asked before there is a graph (the account, its zones), and what new hosts rely on."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..aws.access import Identity
from ..aws.errors import call_error, code_of
from ..aws.session import Session
from ..blueprint.options import ComputeOptions, Facts, StackOptions
from ..errors import AirliftError
from ..reconcile.model import Action
from ..reconcile.plan import Plan
from .discovery import in_parallel

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef


def facts(session: Session) -> Facts:
    """Look up what the blueprint needs: two calls side by side. The image is left to ``with_host_image``.

    Raises ``AirliftError`` where there is no access, with a sentence that says why.
    """
    answers = in_parallel({"identity": session.verify_access, "zones": lambda: _zones(session)})
    identity, zones = answers["identity"], answers["zones"]
    if isinstance(identity, Exception):
        raise identity
    if isinstance(zones, Exception):
        raise call_error(zones, "read", "the availability zones", session.region) from zones
    assert isinstance(identity, Identity)
    assert isinstance(zones, tuple)
    return Facts(
        account_id=identity.account_id,
        region=session.region,
        zones=zones,
        partition=identity.partition,
        new_api_key=f"al-{secrets.token_urlsafe(32)}",
    )


def _zones(session: Session) -> tuple[str, ...]:
    """Return the region's availability zones, no local or wavelength ones.

    Impaired ones are in: leaving one out would move subnets for the length of an outage.
    """
    answer = session.client("ec2").describe_availability_zones()
    usual = (
        one
        for one in answer["AvailabilityZones"]
        if one.get("ZoneType", "availability-zone") == "availability-zone"
    )
    return tuple(sorted(one["ZoneName"] for one in usual))


def _image(session: Session, compute: ComputeOptions) -> ImageTypeDef | None:
    """Return the newest image of that name by these owners, or None."""
    pages = (
        session.client("ec2")
        .get_paginator("describe_images")
        .paginate(
            Owners=list(compute.image_owners),
            Filters=[
                {"Name": "name", "Values": [compute.image_name]},
                {"Name": "state", "Values": ["available"]},
            ],
        )
    )
    images = [image for page in pages for image in page["Images"]]
    return max(images, key=lambda one: (one.get("CreationDate", ""), one["ImageId"]), default=None)


def creates_hosts(plan: Plan) -> bool:
    """Whether ``plan`` creates an instance."""
    making = {Action.CREATE, Action.REPLACE}
    return any(step.kind == "instance" and step.action in making for step in plan.steps)


def with_host_image(session: Session, options: StackOptions, known: Facts) -> Facts:
    """Return ``known`` with the image of new hosts, having made sure that they can be made.

    Raises ``AirliftError`` where no image matches, or the region does not know the instance type.
    """
    compute = options.compute
    try:
        image = _image(session, compute)
        session.client("ec2").describe_instance_types(InstanceTypes=[compute.instance_type])  # type: ignore[list-item]
    except ClientError as error:
        if code_of(error) != "InvalidInstanceType":
            raise call_error(error, "look up", f"host {compute.instance_type}", known.region) from error
        raise AirliftError(
            f"There is no instance type {compute.instance_type} in {known.region}.",
            "Set compute.instance_type to a type that this region offers.",
        ) from error
    if image is None:
        raise AirliftError(
            f"{known.region} has no image {compute.image_name} by {' or '.join(compute.image_owners)}.",
            "Set compute.image_name and compute.image_owners to an image of this region.",
        )
    root = image.get("RootDeviceName") or known.root_device_name
    return replace(known, image_id=image["ImageId"], root_device_name=root)
