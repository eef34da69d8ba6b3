"""CloudWatch log groups. Their names begin with the stack's, so one call by prefix finds them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .kind import KEY_TAG, Context, Kind
from .tag_index import Tags, one_by_one, tags_of
from .tagging import is_ours
from .values import absent, arn, number, text

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


class LogGroup(Kind):
    """A log group: ``name`` and ``retention_days``.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """

    name: ClassVar[str] = "log group"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        retention_days=UPDATABLE,
    )
    holds_data: ClassVar[bool] = True

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the groups under the stack's prefix, and their tags."""
        client: CloudWatchLogsClient = context.session.client("logs")
        pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/{context.stack}/")
        groups = {group["arn"].removesuffix(":*"): group for page in pages for group in page["logGroups"]}

        return [
            _found(
                groups[group_arn]["logGroupName"], group_arn, groups[group_arn].get("retentionInDays"), tags
            )
            for group_arn, tags in tags_of(
                context, groups, one_by_one(lambda one: _tags(client, one))
            ).items()
            if is_ours(context, tags)
        ]

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the group with its tags, then set how long it keeps events."""
        client: CloudWatchLogsClient = context.session.client("logs")
        name, days, tags = (
            text(properties, "name"),
            number(properties, "retention_days"),
            context.tags_for(key),
        )
        try:
            client.create_log_group(logGroupName=name, tags=tags)
        except ClientError as error:
            there = code_of(error) == "ResourceAlreadyExistsException"
            if there and not is_ours(context, _tags(client, arn(context, "logs", f"log-group:{name}"))):
                raise AirliftError(
                    f"The log group {name} is not this stack's; it was not touched.",
                    "Choose another stack name, or delete that log group if nobody needs its events.",
                ) from error
            raise
        client.put_retention_policy(logGroupName=name, retentionInDays=days)
        return _found(name, arn(context, "logs", f"log-group:{name}"), days, tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Set the retention, the one property that can change."""
        client: CloudWatchLogsClient = context.session.client("logs")
        days = number(properties, "retention_days")
        client.put_retention_policy(logGroupName=found.id, retentionInDays=days)
        return _found(found.id, found.outputs["arn"], days, found.tags or {KEY_TAG: found.key})

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: CloudWatchLogsClient = context.session.client("logs")
        client.tag_resource(resourceArn=found.outputs["arn"], tags=dict(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete the group and every event in it."""
        client: CloudWatchLogsClient = context.session.client("logs")
        with absent("ResourceNotFoundException"):
            client.delete_log_group(logGroupName=found.id)


def _tags(client: CloudWatchLogsClient, group_arn: str) -> Tags:
    """Return the tags, none of one that is gone and still listed."""
    with absent("ResourceNotFoundException"):
        return client.list_tags_for_resource(resourceArn=group_arn)["tags"]
    return {}


def _found(name: str, group_arn: str, days: int | None, tags: Mapping[str, str]) -> Found:
    return Found(
        kind="log_group",
        key=tags[KEY_TAG],
        id=name,
        properties={"name": name, "retention_days": days},
        outputs={"name": name, "arn": group_arn},
        tags=tags,
    )
