"""Each setting of a bucket, read into and written from the shape that the blueprint uses.

``lifecycle`` is a mapping of rule ids to ``{"prefix", "expiration_days", "noncurrent_days",
"abort_multipart_days"}``; ``encryption`` is ``{"algorithm", "kms_key", "bucket_key"}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from ..reconcile.model import Value
from .values import absent, document

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef

type Reader = Callable[[S3Client, str, str], Value]
type Writer = Callable[[S3Client, str, str, Value], object]

PUBLIC_ACCESS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def read_all(client: S3Client, bucket: str, owner: str) -> dict[str, Value]:
    """Return every setting of the bucket, None where it has none: one call each, side by side."""
    with ThreadPoolExecutor(max_workers=len(READERS)) as pool:
        pending = {name: pool.submit(reader, client, bucket, owner) for name, reader in READERS.items()}
        return {name: one.result() for name, one in pending.items()}


def _read_versioning(client: S3Client, bucket: str, owner: str) -> Value:
    return client.get_bucket_versioning(Bucket=bucket, ExpectedBucketOwner=owner).get("Status")


def _write_versioning(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    client.put_bucket_versioning(
        Bucket=bucket,
        VersioningConfiguration={"Status": "Enabled" if value == "Enabled" else "Suspended"},
        ExpectedBucketOwner=owner,
    )


def _read_encryption(client: S3Client, bucket: str, owner: str) -> Value:
    with absent("ServerSideEncryptionConfigurationNotFoundError"):
        answer = client.get_bucket_encryption(Bucket=bucket, ExpectedBucketOwner=owner)
        rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
        default = rule.get("ApplyServerSideEncryptionByDefault")
        if default is not None:
            return {
                "algorithm": default["SSEAlgorithm"],
                "kms_key": default.get("KMSMasterKeyID"),
                "bucket_key": rule.get("BucketKeyEnabled", False),
            }
    return None


def _write_encryption(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    wanted = cast("Mapping[str, Value]", value)
    key = wanted.get("kms_key")
    client.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": (
                        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": str(key)}
                        if key
                        else {"SSEAlgorithm": "AES256"}
                    ),
                    "BucketKeyEnabled": bool(wanted.get("bucket_key")),
                }
            ]
        },
        ExpectedBucketOwner=owner,
    )


def _read_public_access(client: S3Client, bucket: str, owner: str) -> Value:
    with absent("NoSuchPublicAccessBlockConfiguration"):
        answer = client.get_public_access_block(Bucket=bucket, ExpectedBucketOwner=owner)
        block = cast("Mapping[str, bool]", answer["PublicAccessBlockConfiguration"])
        return {name: block.get(field, False) for name, field in PUBLIC_ACCESS.items()}
    return None


def _write_public_access(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    wanted = cast("Mapping[str, bool]", value)
    client.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": wanted["block_public_acls"],
            "IgnorePublicAcls": wanted["ignore_public_acls"],
            "BlockPublicPolicy": wanted["block_public_policy"],
            "RestrictPublicBuckets": wanted["restrict_public_buckets"],
        },
        ExpectedBucketOwner=owner,
    )


def _read_ownership(client: S3Client, bucket: str, owner: str) -> Value:
    with absent("OwnershipControlsNotFoundError"):
        answer = client.get_bucket_ownership_controls(Bucket=bucket, ExpectedBucketOwner=owner)
        return answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
    return None


def _write_ownership(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    assert value == "BucketOwnerEnforced", "the blueprint wants no other"
    client.put_bucket_ownership_controls(
        Bucket=bucket,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        ExpectedBucketOwner=owner,
    )


def _read_policy(client: S3Client, bucket: str, owner: str) -> Value:
    with absent("NoSuchBucketPolicy"):
        return document(client.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=owner)["Policy"])
    return None


def _write_policy(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(value), ExpectedBucketOwner=owner)


def _rules(client: S3Client, bucket: str, owner: str) -> list[LifecycleRuleOutputTypeDef]:
    with absent("NoSuchLifecycleConfiguration"):
        return client.get_bucket_lifecycle_configuration(Bucket=bucket, ExpectedBucketOwner=owner)["Rules"]
    return []


def _read_lifecycle(client: S3Client, bucket: str, owner: str) -> Value:
    return {
        rule.get("ID", ""): {
            "prefix": rule.get("Filter", {}).get("Prefix", rule.get("Prefix", "")),
            "expiration_days": rule.get("Expiration", {}).get("Days"),
            "noncurrent_days": rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            "abort_multipart_days": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        }
        for rule in _rules(client, bucket, owner)
        if rule["Status"] == "Enabled"
    }


def _write_lifecycle(client: S3Client, bucket: str, owner: str, value: Value) -> None:
    """Write our rules beside those of others: S3 replaces all of them, so all are sent."""
    wanted = cast("Mapping[str, Mapping[str, int | str | None]]", value)
    foreign = [rule for rule in _rules(client, bucket, owner) if rule.get("ID") not in wanted]
    rules = [_rule(name, wanted[name]) for name in sorted(wanted)]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [*rules, *cast("list[LifecycleRuleTypeDef]", foreign)]},
        ExpectedBucketOwner=owner,
    )


def _rule(name: str, wanted: Mapping[str, int | str | None]) -> LifecycleRuleTypeDef:
    rule: LifecycleRuleTypeDef = {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": str(wanted.get("prefix") or "")},
    }
    if days := wanted.get("expiration_days"):
        rule["Expiration"] = {"Days": int(days)}
    if days := wanted.get("noncurrent_days"):
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(days)}
    if days := wanted.get("abort_multipart_days"):
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
    return rule


READERS: Mapping[str, Reader] = {
    "versioning": _read_versioning,
    "encryption": _read_encryption,
    "public_access_block": _read_public_access,
    "ownership": _read_ownership,
    "policy": _read_policy,
    "lifecycle": _read_lifecycle,
}

WRITERS: Mapping[str, Writer] = {
    "versioning": _write_versioning,
    "encryption": _write_encryption,
    "public_access_block": _write_public_access,
    "ownership": _write_ownership,
    "policy": _write_policy,
    "lifecycle": _write_lifecycle,
}
