"""Fetching one file over HTTP, in order, going on where it stopped."""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, build_opener

from ..delivery.hashing import sha256_of
from ..errors import DeliveryError
from .source import Progress

_SECONDS = 60
_PIECE = 1 << 20
_TRIES = 4


class _ConnectionClosedError(OSError):
    """The server has nothing after what is here already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch, and what its content must hash to."""

    url: str
    path: Path
    sha256: str | None = None


def first_bytes(url: str, count: int) -> bytes:
    """Return a file's first ``count`` bytes or all of a shorter one. Raises DeliveryError without one."""
    try:
        with _open(url, {"Range": f"bytes=0-{count - 1}"}) as answer:
            return answer.read(count)
    except _ConnectionClosedError:
        return b""
    except (OSError, http.client.HTTPException) as error:
        raise _unread(url, error) from error


def whole_size(url: str) -> int | None:
    """Return how long a file is, where the server says it (RFC 9110, Content-Range and Content-Length).

    Raises DeliveryError without the file.
    """
    try:
        with _open(url, {"Range": "bytes=0-0"}) as answer:
            said = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                said = answer.headers.get("Content-Length", "")
            return int(said) if said.isdigit() else None
    except _ConnectionClosedError:
        return 0
    except (OSError, http.client.HTTPException) as error:
        raise _unread(url, error) from error


def download(wanted: Wanted, progress: Progress) -> None:
    """Have the file at ``wanted.path``, whole and verified. A file that is there is what it should be.

    A connection that breaks is opened again a few times, each time for what is still missing.
    """
    if wanted.path.exists() and wanted.sha256 is not None:
        return
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    partial, mark = wanted.path.with_suffix(".partial"), wanted.path.with_suffix(".etag")
    progress(f"fetching {wanted.url.partition('?')[0]}")
    for attempt in range(1, _TRIES + 1):
        try:
            _continue(wanted, partial, mark)
            break
        except (OSError, http.client.HTTPException) as error:
            if attempt == _TRIES:
                raise DeliveryError(
                    f"Failed to fetch {wanted.url.partition('?')[0]}: {error}.",
                    "What came is kept; check the network and run it again.",
                ) from error
    if wanted.sha256 is not None and (actual := sha256_of(partial)) != wanted.sha256:
        partial.unlink()
        raise DeliveryError(
            f"{wanted.url.partition('?')[0]} has the digest {actual} instead of {wanted.sha256}.",
            "It is not what was asked for. Check the source, then correct sha256.",
        )
    partial.replace(wanted.path)
    mark.unlink(missing_ok=True)


def _continue(wanted: Wanted, partial: Path, mark: Path) -> None:
    """Append what is missing, if the server still has the same file; otherwise begin anew."""
    have = partial.stat().st_size if partial.exists() and mark.exists() else 0
    headers = {"Range": f"bytes={have}-", "If-Range": mark.read_text()} if have else {}
    try:
        opened = _open(wanted.url, headers)
    except _ConnectionClosedError:
        return
    with opened as answer:
        expected = int(answer.headers.get("Content-Length") or -1)
        if tag := answer.headers.get("ETag") or answer.headers.get("Last-Modified"):
            mark.write_text(tag)
        appending = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        with partial.open("ab" if appending else "wb") as stream:
            came = 0
            while piece := answer.read(_PIECE):
                stream.write(piece)
                came += len(piece)
            os.fsync(stream.fileno())
    if expected >= 0 and came != expected:
        raise http.client.IncompleteRead(b"", expected - came)


def _open(url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    request = Request(url, headers={"User-Agent": "airlift", **headers})  # noqa: S310 - checked before
    try:
        answer: http.client.HTTPResponse = build_opener().open(request, timeout=_SECONDS)
    except HTTPError as error:
        with error:
            raise _refused(url, error.code) from None
    except URLError as error:
        raise OSError(str(error.reason)) from error
    return answer


def _unread(url: str, error: Exception) -> DeliveryError:
    return DeliveryError(
        f"Failed to read {url.partition('?')[0]}: {error}.",
        "Check the network and the proxy, then run it again.",
    )


def _refused(url: str, status: int) -> Exception:
    shown = url.partition("?")[0]
    if status in {401, 403}:
        return DeliveryError(
            f"{shown} may not be read ({status}).",
            "Give a URL that needs no login, a signed one, or an hf: source for a model hub.",
        )
    if status in {404, 410}:
        return DeliveryError(f"There is no model at {shown} ({status}).", "Correct airlift_model.source.")
    if status == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _ConnectionClosedError("the whole file is here")
    return OSError(f"the server answered {status}")
