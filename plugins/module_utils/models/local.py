"""``file:``: a file or a directory of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeliveryError
from .formats import Preview, preview_of
from .source import Progress


@dataclass(frozen=True, slots=True)
class Local:
    """A path. Never pinned: its content is read each time."""

    path: Path

    @property
    def text(self) -> str:
        """``file:`` and the last part of the path, which says enough and nothing of the machine."""
        return f"file:{self.path.name}"

    @property
    def pinned(self) -> bool:
        """Never."""
        return False

    @property
    def here(self) -> bool:
        """It is."""
        return True

    def pin(self) -> Local:
        """Look whether it is there and holds a file."""
        if not any(True for _ in self._files()):
            raise DeliveryError(f"There is no model at {self.path}.", "Correct airlift_model.source.")
        return self

    def preview(self) -> Preview:
        """Read the files' first bytes."""
        return preview_of(self._by_path())

    def size(self) -> int:
        """Ask the file system."""
        return sum(path.stat().st_size for path in self._files())

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:  # noqa: ARG002 - it is here already
        """Return the files where they are; hidden ones are left out."""
        return self._by_path()

    def _by_path(self) -> Mapping[str, Path]:
        base = self.path.parent if self.path.is_file() else self.path
        return {path.relative_to(base).as_posix(): path for path in sorted(self._files())}

    def _files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        inside = (path for path in self.path.rglob("*") if path.is_file())
        return [p for p in inside if not any(part.startswith(".") for part in p.relative_to(self.path).parts)]
