"""Application load balancers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError, NeverUsableError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UNORDERED, UPDATABLE, Schema, declare
from .elbv2 import attribute_pairs, our_load_balancers, read_attributes
from .kind import KEY_TAG, Context, Kind
from .passing import Passing, codes
from .tagging import as_pairs
from .values import absent, mapping, text, texts, touched

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef


class LoadBalancer(Kind):
    """An application load balancer: ``name``, ``scheme``, ``subnets``, ``security_groups``, ``attributes``.

    ``attributes`` have the API's names and its strings (``idle_timeout.timeout_seconds``: ``"300"``).
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """

    name: ClassVar[str] = "load balancer"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        scheme=IMMUTABLE,
        subnets=UNORDERED,
        security_groups=UNORDERED,
        attributes=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"subnet", "security_group", "internet_gateway", "bucket"})
    billable: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 150
    timeout_seconds: ClassVar[int] = 900
    gone_seconds: ClassVar[int] = 900
    not_yet: ClassVar[tuple[Passing, ...]] = (
        *codes("LoadBalancerNotFound", "SubnetNotFound", "InvalidSubnet", "InvalidSecurityGroup"),
        Passing("InvalidConfigurationRequest", "Access Denied"),
    )
    """``InvalidSubnet``: also that the VPC has no internet gateway, which it has just been given. "Access
    Denied": it writes a test object when its access log is switched on; the bucket's policy may be new."""
    poll_seconds: ClassVar[float] = 5.0

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for all of them, and one for the attributes of each of ours."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        found = []
        for balancer, tags in our_load_balancers(client, context):
            answer = client.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
            found.append(_found(balancer, tags[KEY_TAG], read_attributes(answer["Attributes"]), tags))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create it with its tags, then write its attributes."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        tags = context.tags_for(key)
        name = text(properties, "name")
        try:
            balancer = client.create_load_balancer(
                Name=name,
                Type="application",
                Scheme="internet-facing" if properties["scheme"] == "internet-facing" else "internal",
                IpAddressType="ipv4",
                Subnets=texts(properties, "subnets"),
                SecurityGroups=texts(properties, "security_groups"),
                Tags=as_pairs(tags),
            )["LoadBalancers"][0]
        except ClientError as error:
            if code_of(error) != "DuplicateLoadBalancerName":
                raise
            raise AirliftError(
                f"A load balancer named {name} exists already and is not as this stack would make it; "
                "it was not touched.",
                "Choose another stack name, or delete that load balancer if nothing needs it.",
            ) from error
        attributes = mapping(properties, "attributes")
        client.modify_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=attribute_pairs(attributes)
        )
        return _found(balancer, key, attributes, tags)

    def settled(self, context: Context, found: Found) -> Found | None:
        """Active, or active but short of capacity, is ready; failed never will be."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        balancer = client.describe_load_balancers(LoadBalancerArns=[found.id])["LoadBalancers"][0]
        state = balancer.get("State", {})
        if state.get("Code") == "failed":
            raise NeverUsableError(
                f"Load balancer {balancer['LoadBalancerName']} failed: {state.get('Reason', 'unknown')}.",
                "Delete it in the console and run this again.",
            )
        return found if state.get("Code") in ("active", "active_impaired") else None

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write what differs: each is one idempotent call."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        parts = touched(changes)
        if "subnets" in parts:
            client.set_subnets(LoadBalancerArn=found.id, Subnets=texts(properties, "subnets"))
        if "security_groups" in parts:
            client.set_security_groups(
                LoadBalancerArn=found.id, SecurityGroups=texts(properties, "security_groups")
            )
        if "attributes" in parts:
            client.modify_load_balancer_attributes(
                LoadBalancerArn=found.id, Attributes=attribute_pairs(mapping(properties, "attributes"))
            )
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        client.add_tags(ResourceArns=[found.id], Tags=as_pairs(tags))

    def protected(self, found: Found) -> tuple[str, str] | None:
        """Deletion protection is the owner's to lift."""
        if mapping(found.properties, "attributes").get("deletion_protection.enabled") != "true":
            return None
        return (
            f"Load balancer {found.properties['name']} has deletion protection.",
            "Set airlift_ingress.deletion_protection to false, run playbooks/provision.yml, then delete.",
        )

    def delete(self, context: Context, found: Found) -> None:
        """Delete it, unless its deletion protection is on."""
        if (reasons := self.protected(found)) is not None:
            raise AirliftError(*reasons)
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        with absent("LoadBalancerNotFound"):
            client.delete_load_balancer(LoadBalancerArn=found.id)

    def gone(self, context: Context, found: Found) -> bool:
        """Whether its network interfaces have left too: they hold subnets, addresses, security groups."""
        ec2: EC2Client = context.session.client("ec2")
        description = f"ELB {found.id.split(':loadbalancer/', 1)[-1]}"
        pages = ec2.get_paginator("describe_network_interfaces").paginate(
            Filters=[{"Name": "description", "Values": [description]}]
        )
        return not any(page["NetworkInterfaces"] for page in pages)


def _found(
    balancer: LoadBalancerTypeDef, key: str, attributes: Mapping[str, Value], tags: Mapping[str, str]
) -> Found:
    return Found(
        kind="load_balancer",
        key=key,
        id=balancer["LoadBalancerArn"],
        properties={
            "name": balancer["LoadBalancerName"],
            "scheme": balancer.get("Scheme", ""),
            "subnets": [zone.get("SubnetId", "") for zone in balancer.get("AvailabilityZones", ())],
            "security_groups": list(balancer.get("SecurityGroups", ())),
            "attributes": attributes,
        },
        outputs={
            "arn": balancer["LoadBalancerArn"],
            "dns_name": balancer["DNSName"],
            "zone_id": balancer.get("CanonicalHostedZoneId", ""),
        },
        tags=tags,
    )
