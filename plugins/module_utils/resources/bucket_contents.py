"""What is in a bucket, and how all of it goes: versions, delete markers, unfinished uploads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import TYPE_CHECKING

from ..errors import AirliftError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BATCH = 1000
"""DeleteObjects takes no more keys in one call."""


def is_empty(client: S3Client, bucket: str, owner: str) -> bool:
    """Whether the bucket holds no version of any object. Unfinished uploads do not count."""
    page = client.list_object_versions(Bucket=bucket, MaxKeys=1, ExpectedBucketOwner=owner)
    return not page.get("Versions") and not page.get("DeleteMarkers")


def empty(client: S3Client, bucket: str, owner: str) -> None:
    """Delete all that is in the bucket. Raises ``AirliftError`` for what S3 refuses to delete."""
    uploads = client.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, ExpectedBucketOwner=owner
    )
    for page in uploads:
        for upload in page.get("Uploads", ()):
            client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"], ExpectedBucketOwner=owner
            )
    for batch in batched(_versions(client, bucket, owner), BATCH):
        answer = client.delete_objects(
            Bucket=bucket, Delete={"Objects": list(batch), "Quiet": True}, ExpectedBucketOwner=owner
        )
        if errors := answer.get("Errors"):
            first = errors[0]
            raise AirliftError(
                f"{len(errors)} objects of bucket {bucket} could not be deleted, first {first.get('Key')}: "
                f"{first.get('Code')} {first.get('Message')}.",
                "Lift what holds them (a legal hold, a retention, a deny in a policy) and run this again.",
            )


def _versions(client: S3Client, bucket: str, owner: str) -> Iterator[ObjectIdentifierTypeDef]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, ExpectedBucketOwner=owner)
    for page in pages:
        for version in page.get("Versions", ()):
            yield {"Key": version["Key"], "VersionId": version["VersionId"]}
        for marker in page.get("DeleteMarkers", ()):
            yield {"Key": marker["Key"], "VersionId": marker["VersionId"]}
