"""What a source of models is: the protocol that each kind keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from .formats import Preview

Progress = Callable[[str], None]


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

    def preview(self) -> Preview | None:
        """Return its files' names and first bytes; None where only fetching them can tell."""

    def size(self) -> int | None:
        """Return how many bytes its files are; None where only fetching them can tell."""

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Bring the files here; return path in the model → file. ``cache`` saves fetching them again."""
