"""A model as a content-addressed list of files. The digest of the list is the digest of the model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import DeliveryError
from .model_name import check_model_name

SCHEMA = 1
FILE_NAME = "airlift-manifest.json"
"""The name under which a fetched model carries its manifest. No file of a model may have it."""

_HEX = re.compile(r"^[0-9a-f]{64}$")
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One file: its path below the model's directory, the hex SHA-256 of its content, its size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model consists of and where it came from."""

    name: str
    source: str
    files: tuple[File, ...]

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def canonical(self) -> bytes:
        """Return the one JSON text of this manifest: sorted keys and files, no spaces."""
        files = [{"bytes": f.bytes, "path": f.path, "sha256": f.sha256} for f in sorted(self.files)]
        document = {"files": files, "name": self.name, "schema": SCHEMA, "source": self.source}
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical text."""
        return f"sha256:{hashlib.sha256(self.canonical()).hexdigest()}"


def make(name: str, source: str, files: Iterable[File]) -> Manifest:
    """Return a checked manifest. Raises DeliveryError where a name or a path cannot be."""
    check_model_name(name)
    listed = tuple(sorted(files))
    if not listed:
        raise DeliveryError(f"The model {name} has no files.", "Check the source and its pattern.")
    for file in listed:
        _check_file(file, name)
    if len({file.path for file in listed}) != len(listed):
        raise DeliveryError(f"The manifest of {name} lists a path twice.", "Publish the model again.")
    return Manifest(name, source, listed)


def parse(text: bytes, digest: str) -> Manifest:
    """Read a manifest and prove that it is the one that ``digest`` names."""
    actual = f"sha256:{hashlib.sha256(text).hexdigest()}"
    if actual != digest:
        raise DeliveryError(
            f"The manifest of {digest} has the digest {actual}.", "It was changed; publish the model again."
        )
    try:
        document: Mapping[str, object] = json.loads(text)
        entries = document["files"]
        if document["schema"] != SCHEMA or not isinstance(entries, list):
            raise ValueError(f"schema {document['schema']}")
        files = [File(str(e["path"]), str(e["sha256"]), int(e["bytes"])) for e in entries]
        return make(str(document["name"]), str(document["source"]), files)
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryError(
            f"The manifest {digest} cannot be read: {error}.", "Publish the model again."
        ) from error


def hex_of(digest: str) -> str:
    """Return the hex digits of ``sha256:<hex>``. Raises DeliveryError for anything else."""
    if not _DIGEST.match(digest):
        raise DeliveryError(f"{digest!r} is not a digest.", "Give sha256: and 64 hexadecimal digits.")
    return digest.removeprefix("sha256:")


def manifest_key(digest: str) -> str:
    """Return the S3 key of a manifest."""
    return f"models/manifests/{hex_of(digest)}.json"


def blob_key(sha256: str) -> str:
    """Return the S3 key of a file's content."""
    return f"models/blobs/{sha256}"


def source_key(identity: str) -> str:
    """Return the S3 key of the record that says which model a pinned source gave."""
    return f"models/sources/{hashlib.sha256(identity.encode()).hexdigest()}.json"


def _check_file(file: File, name: str) -> None:
    path = PurePosixPath(file.path)
    inside = file.path and not path.is_absolute() and ".." not in path.parts and str(path) == file.path
    if not inside or "\\" in file.path or file.path == FILE_NAME:
        raise DeliveryError(
            f"The model {name} has a file with the path {file.path!r}.", "Rename it in the source."
        )
    if not _HEX.match(file.sha256) or file.bytes < 0:
        raise DeliveryError(
            f"The file {file.path} of {name} has no proper digest or size.", "Publish it again."
        )
