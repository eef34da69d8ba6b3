"""The storage layer: one private bucket for models and access logs."""

from __future__ import annotations

from ..reconcile.model import Value, Wanted
from .options import Facts, StackOptions
from .policy import document

BUCKET = "storage/bucket"
BALANCER_LOGS = "logs/load-balancer"
"""Where the load balancer writes its access log, below which AWS adds ``AWSLogs/<account>/``."""

TRANSFER = "transfer/"
"""Through where the connection over SSM sends what is too long for a command."""

_ABANDONED_UPLOAD_DAYS = 2
_TRANSFER_DAYS = 1
"""The shortest that S3 knows. What lies there is removed at once by whoever put it there, if it lives."""


def wanted(options: StackOptions, facts: Facts) -> list[Wanted]:
    """Return the bucket."""
    storage = options.storage
    return [
        Wanted(
            "bucket",
            BUCKET,
            {
                "name": bucket_name(options, facts),
                "versioning": "Enabled",
                "encryption": {"algorithm": "AES256"},
                "public_access_block": {
                    "block_public_acls": True,
                    "block_public_policy": True,
                    "ignore_public_acls": True,
                    "restrict_public_buckets": True,
                },
                "ownership": "BucketOwnerEnforced",
                "policy": _policy(options, facts),
                "lifecycle": {
                    "airlift-noncurrent": {
                        "prefix": "",
                        "noncurrent_days": storage.expire_noncurrent_days,
                        "abort_multipart_days": _ABANDONED_UPLOAD_DAYS,
                    },
                    "airlift-logs": {"prefix": "logs/", "expiration_days": storage.log_expiry_days},
                    "airlift-transfer": {
                        "prefix": TRANSFER,
                        "expiration_days": _TRANSFER_DAYS,
                        "noncurrent_days": _TRANSFER_DAYS,
                    },
                },
            },
            protected=True,
        )
    ]


def bucket_name(options: StackOptions, facts: Facts) -> str:
    """Return the bucket's name."""
    return stack_bucket(options.name, facts.account_id, facts.region)


def stack_bucket(stack: str, account_id: str, region: str) -> str:
    """Return the name of a stack's bucket: unique across AWS, because it names the account."""
    return f"{stack}-{account_id}-{region}"


def bucket_arn(options: StackOptions, facts: Facts) -> str:
    """Return the bucket's ARN, composed: policies name what is below it, and its own policy names itself."""
    return f"arn:{facts.partition}:s3:::{bucket_name(options, facts)}"


def _policy(options: StackOptions, facts: Facts) -> dict[str, Value]:
    bucket = bucket_arn(options, facts)
    statements: list[dict[str, Value]] = [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
        }
    ]
    if options.ingress is not None:
        statements.append(
            {
                "Sid": "LoadBalancerLogs",
                "Effect": "Allow",
                "Principal": {"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]},
                "Action": ["s3:PutObject"],
                "Resource": [f"{bucket}/{BALANCER_LOGS}/AWSLogs/{facts.account_id}/*"],
            }
        )
    return document(*statements)
