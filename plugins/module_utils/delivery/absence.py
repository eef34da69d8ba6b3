"""Whether an object is missing, where S3 will not say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.errors import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def is_missing(s3: S3Client, bucket: str, key: str, error: Exception) -> bool:
    """Whether ``error``, the answer to GetObject, means that ``bucket`` has no ``key``.

    Who may list only what begins with a prefix, as the hosts may, is told 403 for what is missing: GetObject
    names no prefix. A list of the key itself then tells (s3:ListBucket).
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    if code_of(error) in {"NoSuchKey", "404"}:
        return True
    if code_of(error) not in {"AccessDenied", "403"}:
        return False
    try:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except AWS_ERRORS:
        return False
    return all(one["Key"] != key for one in listed.get("Contents", ()))
