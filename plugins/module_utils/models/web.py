"""``https:``: one file of a web server."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ..errors import DeliveryError
from .download import Wanted, download, first_bytes, whole_size
from .formats import HEADER_BYTES, Preview
from .source import Progress

_HEX = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Web:
    """A URL, and what its content must hash to."""

    url: str
    sha256: str | None

    @property
    def text(self) -> str:
        """The URL without a query, which may carry a signature; with the digest it is pinned by."""
        parts = urlsplit(self.url)
        plain = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        return f"{plain}#sha256={self.sha256}" if self.sha256 else plain

    @property
    def pinned(self) -> bool:
        """Only by a digest."""
        return self.sha256 is not None

    @property
    def here(self) -> bool:
        """It is not."""
        return False

    def pin(self) -> Web:
        """Ask for the first byte: a signed URL answers no HEAD."""
        first_bytes(self.url, 1)
        return self

    def preview(self) -> Preview:
        """Ask for the file's first bytes where somebody wants them."""
        return {self._name: functools.partial(first_bytes, self.url, HEADER_BYTES)}

    def size(self) -> int | None:
        """Ask for the first byte: the answer has the length of the whole."""
        return whole_size(self.url)

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Fetch the file, going on where an interrupted run stopped."""
        path = cache / hashlib.sha256(self.url.encode()).hexdigest()[:16]
        download(Wanted(self.url, path, self.sha256), progress)
        return {self._name: path}

    @property
    def _name(self) -> str:
        return unquote(PurePosixPath(urlsplit(self.url).path).name)


def parse_web(url: str, sha256: str | None) -> Web:
    """Read a URL. Plain http is for this machine only."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise DeliveryError(f"{url} is not encrypted.", "Give an https: URL.")
    if not parts.hostname or not PurePosixPath(parts.path).name or parts.path.endswith("/"):
        raise DeliveryError(f"{url} names no file.", "Give the URL of one model file.")
    if parts.username or parts.password:
        raise DeliveryError("The model's URL holds a password.", "Give a URL without one, or a file: source.")
    if sha256 is not None and not _HEX.match(sha256):
        raise DeliveryError(f"sha256 {sha256!r} is no digest.", "Give 64 hexadecimal digits in lower case.")
    return Web(url, sha256)
