"""What load balancers, target groups, listeners and targets share: finding ours, by name and tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from ..reconcile.model import Wanted, references
from .kind import Context
from .tag_index import Tags, tags_of
from .tagging import as_mapping, is_ours

if TYPE_CHECKING:
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef, TargetGroupTypeDef

TAG_BATCH = 20
"""DescribeTags takes no more ARNs in one call."""


def is_named_ours(context: Context, name: str) -> bool:
    """Whether a name is one that this stack would give: the stack's own, or one that begins with it."""
    return name == context.stack or name.startswith(f"{context.stack}-")


def elb_tags(client: ElasticLoadBalancingv2Client, context: Context, arns: Iterable[str]) -> dict[str, Tags]:
    """Return the tags of each ARN, twenty ARNs a call where the index does not have them."""

    def read(missing: list[str]) -> dict[str, Tags]:
        return {
            one["ResourceArn"]: as_mapping(one["Tags"])
            for batch in batched(missing, TAG_BATCH)
            for one in client.describe_tags(ResourceArns=list(batch))["TagDescriptions"]
        }

    return tags_of(context, arns, read)


def our_load_balancers(
    client: ElasticLoadBalancingv2Client, context: Context
) -> Iterator[tuple[LoadBalancerTypeDef, Tags]]:
    """Yield this stack's load balancers with their tags: one call, and the tags."""
    pages = client.get_paginator("describe_load_balancers").paginate()
    named = [
        one
        for page in pages
        for one in page["LoadBalancers"]
        if is_named_ours(context, one["LoadBalancerName"])
    ]
    tags = elb_tags(client, context, [one["LoadBalancerArn"] for one in named])
    for one in named:
        if is_ours(context, tags[one["LoadBalancerArn"]]):
            yield one, tags[one["LoadBalancerArn"]]


def our_target_groups(
    client: ElasticLoadBalancingv2Client, context: Context
) -> Iterator[tuple[TargetGroupTypeDef, Tags]]:
    """Yield this stack's target groups with their tags: one call, and the tags."""
    pages = client.get_paginator("describe_target_groups").paginate()
    named = [
        one
        for page in pages
        for one in page["TargetGroups"]
        if is_named_ours(context, one["TargetGroupName"])
    ]
    tags = elb_tags(client, context, [one["TargetGroupArn"] for one in named])
    for one in named:
        if is_ours(context, tags[one["TargetGroupArn"]]):
            yield one, tags[one["TargetGroupArn"]]


def keys_in(wanted: Iterable[Wanted], name: str) -> set[str]:
    """Return the keys that the property ``name`` of ``wanted`` refers to."""
    return {reference.key for one in wanted for reference in references(one.properties.get(name))}


def attribute_pairs(attributes: Mapping[str, object]) -> list[Any]:
    """Return attributes as the API takes them. The stubs have one class for each of their two users."""
    return [{"Key": name, "Value": str(value)} for name, value in attributes.items()]


def read_attributes(pairs: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Return attributes by name."""
    return {str(pair["Key"]): str(pair["Value"]) for pair in pairs}
