"""``s3:``: the objects below a prefix of a bucket, or one object."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from s3transfer.manager import TransferManager

from ..aws.errors import AWS_ERRORS, call_error
from ..errors import AirliftError, DeliveryError
from .formats import HEADER_BYTES, Preview
from .source import Progress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


@dataclass(frozen=True, slots=True)
class Bucket:
    """Objects of a bucket. ``state`` is a digest of their entity tags, once they have been listed."""

    s3: Callable[[], S3Client]
    bucket: str
    prefix: str
    state: str = ""

    @property
    def text(self) -> str:
        """``s3://bucket/prefix``, with the state of its objects."""
        return f"s3://{self.bucket}/{self.prefix}" + (f"#{self.state}" if self.state else "")

    @property
    def pinned(self) -> bool:
        """Once the objects' state is known."""
        return bool(self.state)

    @property
    def here(self) -> bool:
        """It is not."""
        return False

    def pin(self) -> Bucket:
        """List the objects."""
        listed = "".join(f"{key} {one['ETag']}\n" for key, one in sorted(self._objects().items()))
        return replace(self, state=hashlib.sha256(listed.encode()).hexdigest()[:16])

    def preview(self) -> Preview:
        """List the objects; their first bytes are asked for where somebody wants them."""
        return {self._path(key): functools.partial(self._first_bytes, key) for key in self._objects()}

    def size(self) -> int:
        """List the objects."""
        return sum(one["Size"] for one in self._objects().values())

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Fetch the objects side by side; those that are here already are kept."""
        files, running = {}, []
        try:
            with TransferManager(self.s3()) as manager:
                for number, key in enumerate(sorted(self._objects())):
                    path = cache / f"{number:04}"
                    files[self._path(key)] = path
                    if not path.exists():
                        progress(f"fetching s3://{self.bucket}/{key}")
                        path.parent.mkdir(parents=True, exist_ok=True)
                        running.append(manager.download(self.bucket, key, str(path)))
                for future in running:
                    future.result()
        except AWS_ERRORS as error:
            raise self._failed(error) from error
        return files

    def _path(self, key: str) -> str:
        """Return an object's path in the model: below the prefix where that is a folder, or beside it."""
        folder = self.prefix if self.prefix.endswith("/") else self.prefix.rpartition("/")[0]
        return key.removeprefix(folder).lstrip("/")

    def _first_bytes(self, key: str) -> bytes:
        try:
            answer = self.s3().get_object(Bucket=self.bucket, Key=key, Range=f"bytes=0-{HEADER_BYTES - 1}")
            return answer["Body"].read()
        except AWS_ERRORS as error:
            raise self._failed(error) from error

    def _objects(self) -> Mapping[str, ObjectTypeDef]:
        """Return key → what S3 lists. A prefix is a folder or one object, no beginning of other names."""
        folder = self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"
        try:
            pages = (
                self.s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
            )
            found = {i["Key"]: i for page in pages for i in page.get("Contents", []) if i["Size"]}
        except AWS_ERRORS as error:
            raise self._failed(error) from error
        wanted = {key: one for key, one in found.items() if key == self.prefix or key.startswith(folder)}
        if not wanted:
            raise DeliveryError(f"There is no model at {self.text}.", "Correct airlift_model.source.")
        return wanted

    def _failed(self, error: Exception) -> AirliftError:
        region = self.s3().meta.region_name
        return call_error(
            error, "read model", self.text, region, "Correct airlift_model.source, or its permissions."
        )
