"""S3 buckets: private, encrypted, versioned. ``bucket_settings`` has each setting's shape in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UNORDERED, UPDATABLE, Schema, declare
from . import bucket_settings
from .bucket_contents import empty, is_empty
from .kind import KEY_TAG, Context, Kind
from .passing import Passing, codes
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, text, touched

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType


class Bucket(Kind):
    """A bucket: its ``name`` and the settings that ``bucket_settings`` names.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """

    name: ClassVar[str] = "bucket"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        versioning=UPDATABLE,
        encryption=UPDATABLE,
        public_access_block=UPDATABLE,
        ownership=UPDATABLE,
        policy=UNORDERED,
        lifecycle=UPDATABLE,
    )
    holds_data: ClassVar[bool] = True
    billable: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 4
    not_yet: ClassVar[tuple[Passing, ...]] = (
        Passing("NoSuchBucket"),
        Passing("MalformedPolicy", "principal"),
    )
    still_used: ClassVar[tuple[Passing, ...]] = codes("BucketNotEmpty")

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the buckets under our prefix, one for each one's tags; if it is ours, one a setting.

        A name that is wanted is asked for whether it is listed or not: lists lag.
        """
        client: S3Client = context.session.client("s3")
        names = [text(one.properties, "name") for one in wanted]
        pages = client.get_paginator("list_buckets").paginate(
            Prefix=f"{context.stack}-{context.account_id}-", BucketRegion=context.region
        )
        names += [one["Name"] for page in pages for one in page["Buckets"] if one["Name"] not in names]
        found = []
        for name in names:
            tags = _tags(client, context, name)
            if is_ours(context, tags):
                settings = bucket_settings.read_all(client, name, context.account_id)
                found.append(_found(context, tags, {"name": name, **settings}))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the bucket, tag it, then write its settings."""
        client: S3Client = context.session.client("s3")
        name, tags = text(properties, "name"), context.tags_for(key)
        if not _exists(client, context, name):
            if context.region == "us-east-1":
                client.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced")
            else:
                client.create_bucket(
                    Bucket=name,
                    ObjectOwnership="BucketOwnerEnforced",
                    CreateBucketConfiguration={
                        "LocationConstraint": cast("BucketLocationConstraintType", context.region)
                    },
                )
        client.put_bucket_tagging(
            Bucket=name, Tagging={"TagSet": as_pairs(tags)}, ExpectedBucketOwner=context.account_id
        )
        found = _found(context, tags, properties)
        self._write(context, found, properties, set(bucket_settings.WRITERS))
        return found

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write the settings that differ, each as a whole."""
        self._write(context, found, properties, touched(changes))
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags`` beside the bucket's others: S3 replaces all of them, so all are sent."""
        client: S3Client = context.session.client("s3")
        kept = {key: value for key, value in (found.tags or {}).items() if not key.startswith("aws:")}
        client.put_bucket_tagging(
            Bucket=found.id,
            Tagging={"TagSet": as_pairs({**kept, **tags})},
            ExpectedBucketOwner=context.account_id,
        )

    def delete(self, context: Context, found: Found) -> None:
        """Delete every version and unfinished upload in the bucket, and then the bucket."""
        client: S3Client = context.session.client("s3")
        with absent("NoSuchBucket"):
            empty(client, found.id, context.account_id)
            client.delete_bucket(Bucket=found.id, ExpectedBucketOwner=context.account_id)

    def _write(
        self, context: Context, found: Found, properties: Mapping[str, Value], names: set[str]
    ) -> None:
        """Write settings one after the other: S3 answers 409 to two writes to one bucket at a time."""
        client: S3Client = context.session.client("s3")
        for setting, write in bucket_settings.WRITERS.items():
            if setting in names and (value := properties.get(setting)) is not None:
                write(client, found.id, context.account_id, value)


def _tags(client: S3Client, context: Context, name: str) -> dict[str, str]:
    """Return the tags of a bucket, none where there is no such bucket or it is not for us to read."""
    with absent("NoSuchBucket", "NoSuchTagSet", "AccessDenied"):
        answer = client.get_bucket_tagging(Bucket=name, ExpectedBucketOwner=context.account_id)
        return as_mapping(answer["TagSet"])
    return {}


def _exists(client: S3Client, context: Context, name: str) -> bool:
    """Whether the bucket is there already and may be taken as ours.

    It may if it is in this account, empty, and without a single tag: that is what a run leaves behind that
    was killed between S3's two calls. Raises ``AirliftError`` for any other bucket of that name.
    """
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchBucket"):
            return False
        if code_of(error) in ("403", "301", "AccessDenied"):
            raise AirliftError(
                f"The bucket name {name} is taken by somebody else, or in another region.",
                "Bucket names are unique across AWS: choose another stack name.",
            ) from error
        raise
    if _tags(client, context, name) or not is_empty(client, name, context.account_id):
        raise AirliftError(
            f"The bucket {name} is not this stack's; it was not touched.",
            "Choose another stack name, or delete that bucket if nobody needs what is in it.",
        )
    return True


def _found(context: Context, tags: Mapping[str, str], properties: Mapping[str, Value]) -> Found:
    name = text(properties, "name")
    return Found(
        kind="bucket",
        key=tags[KEY_TAG],
        id=name,
        properties=properties,
        outputs={"name": name, "arn": f"arn:{context.session.partition}:s3:::{name}"},
        tags=tags,
    )
