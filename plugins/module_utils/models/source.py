"""What a source is, and how its text is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import DeliveryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Progress = Callable[[str], None]
FORMS = (
    "pypi:project==version, file:path, s3://bucket/prefix, https://…, hf:owner/repository@commit[:pattern]"
)


class Source(Protocol):
    """Somewhere that a model's files are."""

    @property
    def text(self) -> str:
        """How the manifest names it: without anything of this machine, and as exactly as it is pinned."""

    @property
    def pinned(self) -> bool:
        """Whether ``text`` names the same bytes for ever: what it gave once need not be fetched again."""

    @property
    def here(self) -> bool:
        """Whether its files are on this machine to begin with."""

    def pin(self) -> Source:
        """Return the source, its version found out. Raises DeliveryError where it does not exist."""

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Bring the files here; return path in the model → file. ``cache`` saves fetching them again."""


def parse(text: str, sha256: str | None, s3: Callable[[], S3Client]) -> Source:
    """Read a source's text. Raises DeliveryError with the forms that there are."""
    from .bucket import Bucket  # noqa: PLC0415 - each kind imports this module
    from .hub import parse_hub  # noqa: PLC0415
    from .local import Local  # noqa: PLC0415
    from .package import parse_package  # noqa: PLC0415
    from .web import parse_web  # noqa: PLC0415

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
