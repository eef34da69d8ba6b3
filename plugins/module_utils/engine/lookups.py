"""What is asked before there is a graph (the account, its zones, the image), and what a plan relies on."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..access import Identity
from ..aws import Session
from ..blueprint.options import ComputeOptions, Facts, StackOptions
from ..reconcile.errors import AirliftError
from ..reconcile.model import Action
from ..reconcile.plan import Plan
from .failures import code_of, failure
from .finding import together

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef

_DEFAULT_ROOT = "/dev/xvda"


def facts(session: Session, options: StackOptions) -> Facts:
    """Look up what the blueprint needs: three calls side by side.

    Raises ``AirliftError`` where there is no access, with a sentence that says why.
    """
    answers = together(
        {
            "identity": session.verify_access,
            "zones": lambda: _zones(session),
            "image": lambda: _image(session, options.compute),
        }
    )
    identity, zones, image = answers["identity"], answers["zones"], answers["image"]
    if isinstance(identity, Exception):
        raise identity
    for what, answer in (("availability zones", zones), ("images", image)):
        if isinstance(answer, Exception):
            raise AirliftError(str(failure(answer, "read", what, "of the region", session.region)))
    assert isinstance(identity, Identity)
    found = image if isinstance(image, dict) else {}
    return Facts(
        account_id=identity.account_id,
        region=session.region,
        zones=zones if isinstance(zones, tuple) else (),
        image_id=found.get("ImageId"),
        root_device_name=found.get("RootDeviceName") or _DEFAULT_ROOT,
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


def check_hosts(session: Session, options: StackOptions, facts: Facts, plan: Plan) -> None:
    """Make sure, before any change, that the hosts which ``plan`` creates can be made.

    Raises ``AirliftError`` where no image matches, or the region does not know the instance type. A plan that
    creates no host asks nothing.
    """
    making = {Action.CREATE, Action.REPLACE}
    if not any(step.kind == "instance" and step.action in making for step in plan.steps):
        return
    compute = options.compute
    if facts.image_id is None:
        raise AirliftError(
            f"{facts.region} has no image {compute.image_name} by {' or '.join(compute.image_owners)}.",
            "Set compute.image_name and compute.image_owners to an image of this region.",
        )
    try:
        session.client("ec2").describe_instance_types(InstanceTypes=[compute.instance_type])  # type: ignore[list-item]
    except ClientError as error:
        if code_of(error) != "InvalidInstanceType":
            raise AirliftError(
                str(failure(error, "read", "instance type", compute.instance_type, facts.region))
            ) from error
        raise AirliftError(
            f"There is no instance type {compute.instance_type} in {facts.region}.",
            "Set compute.instance_type to a type that this region offers.",
        ) from error
