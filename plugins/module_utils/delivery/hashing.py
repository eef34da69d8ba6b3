"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .manifest import File

_THREADS = 4


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_of(local: Mapping[str, Path]) -> list[File]:
    """Return the manifest entries of ``local`` (path in the model → file here), hashed side by side."""
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = pool.map(sha256_of, local.values())
        return [
            File(path, digest, where.stat().st_size)
            for (path, where), digest in zip(local.items(), digests, strict=True)
        ]
