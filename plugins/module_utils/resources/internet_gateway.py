"""Internet gateway. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..reconcile.model import Change, Found, Value
from ..reconcile.schema import UPDATABLE, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, retry_until_visible, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InternetGatewayTypeDef


class InternetGateway(Ec2Kind["InternetGatewayTypeDef"]):
    """Property: ``vpc``, the VPC it is attached to. Output: ``id``."""

    name: ClassVar[str] = "internet gateway"
    schema: ClassVar[Schema] = declare(
        vpc=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc"})
    id_filter: ClassVar[str] = "internet-gateway-id"

    def describe(
        self, context: Context, filters: Sequence[FilterTypeDef]
    ) -> Iterable[InternetGatewayTypeDef]:
        """Page through DescribeInternetGateways."""
        for page in client(context).get_paginator("describe_internet_gateways").paginate(Filters=filters):
            yield from page["InternetGateways"]

    def found(self, context: Context, item: InternetGatewayTypeDef) -> Found | None:
        """Read one internet gateway; ``vpc`` is None while it is attached to nothing."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        attached = [
            one["VpcId"]
            for one in item.get("Attachments", [])
            if one["State"] not in ("detaching", "detached")
        ]
        identifier = item["InternetGatewayId"]
        properties: dict[str, Value] = {"vpc": attached[0] if attached else None}
        return Found("internet_gateway", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the gateway and attach it."""
        gateway = client(context).create_internet_gateway(
            TagSpecifications=tag_specifications(context, key, "internet-gateway")
        )["InternetGateway"]
        identifier = gateway["InternetGatewayId"]
        self._attach(context, identifier, text(properties, "vpc"))
        return Found(
            "internet_gateway", key, identifier, properties, {"id": identifier}, context.tags_for(key)
        )

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Attach it to the VPC it belongs to."""
        self._detach(context, found)
        self._attach(context, found.id, text(properties, "vpc"))
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def delete(self, context: Context, found: Found) -> None:
        """Detach and delete the gateway."""
        self._detach(context, found)
        with ignore_not_found():
            client(context).delete_internet_gateway(InternetGatewayId=found.id)

    def _attach(self, context: Context, identifier: str, vpc: str) -> None:
        retry_until_visible(
            lambda: client(context).attach_internet_gateway(InternetGatewayId=identifier, VpcId=vpc)
        )

    def _detach(self, context: Context, found: Found) -> None:
        """Detach it from where it was found attached; somebody else may have done so since."""
        if found.properties.get("vpc") is None:
            return
        try:
            client(context).detach_internet_gateway(
                InternetGatewayId=found.id, VpcId=text(found.properties, "vpc")
            )
        except ClientError as error:
            if code_of(error) != "Gateway.NotAttached" and "NotFound" not in code_of(error):
                raise
