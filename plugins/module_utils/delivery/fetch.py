"""A model's way onto a host: ranges side by side, resumed where interrupted, verified, moved into place."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..aws.errors import AWS_ERRORS, call_error
from ..errors import DeliveryError
from .absence import is_missing
from .hashing import sha256_of
from .manifest import FILE_NAME, File, Manifest, blob_key, hex_of, parse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 32 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024
RESERVE_BYTES = 256 * 1024 * 1024
"""What must stay free on the disk after the model is there."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One range of one file."""

    file: File
    index: int
    start: int
    length: int


def present(directory: Path, digest: str) -> bool:
    """Whether the model is there whole. It was verified before it got this name; sizes are read again."""
    target = directory / hex_of(digest)
    try:
        manifest = parse((target / FILE_NAME).read_bytes(), digest)
        return all((target / file.path).stat().st_size == file.bytes for file in manifest.files)
    except (FileNotFoundError, NotADirectoryError, DeliveryError):
        return False


def fetch(  # noqa: PLR0913 - one transfer, all of it named
    s3: S3Client, bucket: str, manifest: Manifest, directory: Path, *, threads: int, progress: Progress
) -> Path:
    """Put the model at ``directory/<hex>`` and return that path.

    An interrupted fetch goes on where it stopped. Raises DeliveryError before anything is fetched where the
    disk is too small, and afterwards where the content is not what the manifest says.
    """
    target = directory / hex_of(manifest.digest)
    if present(directory, manifest.digest):
        return target
    staging = directory / f".incoming-{hex_of(manifest.digest)}"
    staging.mkdir(parents=True, exist_ok=True)
    parts = [part for file in manifest.files for part in _missing_parts(staging, file)]
    _check_space(directory, sum(part.length for part in parts), manifest.name)
    progress(f"fetching model {manifest.name}: {sum(part.length for part in parts) / 1e6:.0f} MB")
    _get_all(s3, bucket, staging, parts, threads)
    for file in manifest.files:
        _verify(staging, file)
    _settle(staging, manifest)
    if target.exists():
        shutil.rmtree(target)
    staging.replace(target)
    shutil.rmtree(_journals(staging))
    return target


def _missing_parts(staging: Path, file: File) -> list[Part]:
    """Return what of ``file`` is still to be fetched; make the sparse file that takes it."""
    path = staging / file.path
    journal = _journal(staging, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    journal.parent.mkdir(exist_ok=True)
    done = set()
    if path.exists() and path.stat().st_size == file.bytes and journal.exists():
        done = {int(line) for line in journal.read_text().splitlines() if line.isdigit()}
    else:
        journal.write_text("")
        with path.open("wb") as stream:
            stream.truncate(file.bytes)
    count = -(-file.bytes // PART_BYTES)
    return [
        Part(file, index, index * PART_BYTES, min(PART_BYTES, file.bytes - index * PART_BYTES))
        for index in range(count)
        if index not in done
    ]


def _get_all(s3: S3Client, bucket: str, staging: Path, parts: list[Part], threads: int) -> None:
    lock = threading.Lock()

    def get(part: Part) -> None:
        last = part.start + part.length - 1
        key = blob_key(part.file.sha256)
        try:
            answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={part.start}-{last}")
        except AWS_ERRORS as error:
            if not is_missing(s3, bucket, key, error):
                raise
            raise DeliveryError(
                f"The blob of {part.file.path} is not in the bucket {bucket}.", "Publish the model again."
            ) from error
        path, came = staging / part.file.path, 0
        with path.open("r+b") as stream:
            stream.seek(part.start)
            for piece in answer["Body"].iter_chunks(_PIECE_BYTES):
                came += stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        if came != part.length:
            raise DeliveryError(
                f"The blob of {part.file.path} in {bucket} is not as long as its manifest says.",
                "Publish the model again.",
            )
        with lock, _journal(staging, part.file).open("a") as journal:
            journal.write(f"{part.index}\n")

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(get, part) for part in parts]
        try:
            for future in as_completed(futures):
                future.result()
        except AWS_ERRORS as error:
            pool.shutdown(cancel_futures=True)
            raise call_error(
                error,
                "fetch",
                f"model from bucket {bucket}",
                s3.meta.region_name,
                "What is there already is kept; try again.",
            ) from error
        except DeliveryError:
            pool.shutdown(cancel_futures=True)
            raise


def _verify(staging: Path, file: File) -> None:
    path = staging / file.path
    actual = sha256_of(path)
    if actual != file.sha256:
        path.unlink()
        _journal(staging, file).unlink()
        raise DeliveryError(
            f"{file.path} was fetched with the digest {actual} instead of {file.sha256}.",
            "It was thrown away; try again, and if that fails too, publish the model again.",
        )


def _settle(staging: Path, manifest: Manifest) -> None:
    """Leave only what the manifest lists, readable by the engine and written by nobody."""
    for file in manifest.files:
        (staging / file.path).chmod(0o444)
    (staging / FILE_NAME).write_bytes(manifest.canonical())
    (staging / FILE_NAME).chmod(0o444)
    for folder in {staging, *((staging / file.path).parent for file in manifest.files)}:
        folder.chmod(0o755)


def _check_space(directory: Path, needed: int, name: str) -> None:
    free = shutil.disk_usage(directory).free
    if free < needed + RESERVE_BYTES:
        raise DeliveryError(
            f"The model {name} needs {needed / 1e9:.1f} GB at {directory}; {free / 1e9:.1f} GB are free.",
            "Raise the hosts' volume (compute.volume_gib) or publish a smaller model.",
        )


def _journals(staging: Path) -> Path:
    return staging.with_name(f"{staging.name}.parts")


def _journal(staging: Path, file: File) -> Path:
    """Return the list of the parts that are on the disk. It lies beside the model, so no name clashes."""
    return _journals(staging) / hashlib.sha256(file.path.encode()).hexdigest()
