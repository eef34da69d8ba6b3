"""The kinds of sources that there are, and how their text is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from .bucket import Bucket
from .hub import parse_hub
from .local import Local
from .package import parse_package
from .source import Source
from .web import parse_web

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FORMS = (
    "pypi:project==version, file:path, s3://bucket/prefix, https://…, hf:owner/repository@commit[:pattern]"
)


def parse(text: str, sha256: str | None, s3: Callable[[], S3Client]) -> Source:
    """Read a source's text. Raises DeliveryError with the forms that there are."""
    scheme, _, rest = text.partition(":")
    if sha256 is not None and scheme not in {"https", "http"}:
        raise DeliveryError(f"sha256 is for https: sources, not for {text}.", "Leave it out.")
    match scheme if rest else "":
        case "pypi":
            return parse_package(rest)
        case "file":
            return Local(Path(rest.removeprefix("//")).expanduser())
        case "https" | "http":
            return parse_web(text, sha256)
        case "hf":
            return parse_hub(rest)
        case "s3":
            bucket, _, prefix = rest.removeprefix("//").partition("/")
            return Bucket(s3, bucket, prefix)
        case _:
            raise DeliveryError(f"{text!r} is not a model source.", f"Give one of: {FORMS}.")
