"""A model's way into the bucket: blobs, then the manifest, then the record of the source."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from s3transfer.manager import TransferConfig, TransferManager

from ..aws.errors import AWS_ERRORS, call_error, code_of
from ..errors import AirliftError, BucketMissingError, DeliveryError
from .absence import is_missing
from .manifest import Manifest, blob_key, manifest_key, parse, source_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 16 * 1024 * 1024
_THREADS = 8

Progress = Callable[[str], None]


class Store:
    """The models in one bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        """Use ``s3`` as it is; no call is made."""
        self._s3 = s3
        self.bucket = bucket
        self._region = s3.meta.region_name

    def recorded(self, identity: str) -> Manifest | None:
        """Return the model that this source was published as, if all of it is in the bucket. Two calls."""
        text = self._read(source_key(identity))
        if text is None:
            return None
        record = json.loads(text)
        manifest = parse(str(record["manifest"]).encode(), str(record["digest"]))
        return manifest if not self.missing(manifest) else None

    def missing(self, manifest: Manifest) -> list[str]:
        """Return the keys of this model that are not in the bucket yet, in one listing."""
        wanted = {blob_key(file.sha256): file.bytes for file in manifest.files}
        wanted[manifest_key(manifest.digest)] = len(manifest.canonical())
        found = self._sizes("models/blobs/", "models/manifests/")
        return [key for key, size in wanted.items() if found.get(key) != size]

    def publish(
        self, manifest: Manifest, local: Mapping[str, Path], identity: str | None, progress: Progress
    ) -> int:
        """Upload what is missing, several parts at a time; return the bytes sent.

        A run that is killed leaves whole blobs at most, which the next one finds.
        """
        missing = set(self.missing(manifest))
        blobs = {blob_key(f.sha256): f for f in manifest.files if blob_key(f.sha256) in missing}
        config = TransferConfig(
            multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_request_concurrency=_THREADS
        )
        try:
            with TransferManager(self._s3, config) as manager:
                running = {}
                for key, file in blobs.items():
                    progress(f"uploading {file.path} ({file.bytes / 1e6:.0f} MB)")
                    running[key] = manager.upload(str(local[file.path]), self.bucket, key)
                for future in running.values():
                    future.result()
            key = manifest_key(manifest.digest)
            if key in missing:
                self._s3.put_object(
                    Bucket=self.bucket, Key=key, Body=manifest.canonical(), ContentType="application/json"
                )
            if identity is not None:
                self._remember(identity, manifest)
        except AWS_ERRORS as error:
            raise self._failed(error, "upload") from error
        return sum(file.bytes for file in blobs.values())

    def manifest(self, digest: str) -> Manifest:
        """Return a published model's manifest, verified. Raises DeliveryError where there is none."""
        text = self._read(manifest_key(digest))
        if text is None:
            raise DeliveryError(
                f"There is no model {digest} in the bucket {self.bucket}.",
                "Publish it first (playbooks/publish.yml).",
            )
        return parse(text, digest)

    def _remember(self, identity: str, manifest: Manifest) -> None:
        record = {"digest": manifest.digest, "identity": identity, "manifest": manifest.canonical().decode()}
        body = json.dumps(record, sort_keys=True).encode()
        if self._read(source_key(identity)) != body:
            self._s3.put_object(
                Bucket=self.bucket, Key=source_key(identity), Body=body, ContentType="application/json"
            )

    def _read(self, key: str) -> bytes | None:
        try:
            return self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except AWS_ERRORS as error:
            if is_missing(self._s3, self.bucket, key, error):
                return None
            raise self._failed(error, "read") from error

    def _sizes(self, *prefixes: str) -> dict[str, int]:
        """Return key → size below the common prefix of all, paginated."""
        common = "models/"
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=common)
            return {
                item["Key"]: item["Size"]
                for page in pages
                for item in page.get("Contents", [])
                if item["Key"].startswith(prefixes)
            }
        except AWS_ERRORS as error:
            raise self._failed(error, "list") from error

    def _failed(self, error: Exception, verb: str) -> AirliftError:
        if code_of(error) == "NoSuchBucket":
            return BucketMissingError(
                f"There is no bucket {self.bucket} in {self._region}.",
                "Provision first (playbooks/provision.yml).",
            )
        remedy = "Check the permissions on the bucket and the network, then run it again."
        return call_error(error, verb, f"bucket {self.bucket}", self._region, remedy)
