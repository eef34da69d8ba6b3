"""What an image is built from, as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from docker.utils import exclude_paths

from ..delivery.hashing import sha256_of
from ..errors import DeliveryError

_TAG_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Context:
    """A build's context. ``derived`` is a folder made from a lock file in it, and so not hashed itself.

    ``architecture`` is the hosts', ``amd64`` or ``arm64``, whatever this machine is.
    """

    directory: Path
    dockerfile: str = "Dockerfile"
    build_arguments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    derived: str | None = None
    architecture: str = "amd64"

    @property
    def tag(self) -> str:
        """``sha-`` and hex digits: the same files, arguments and architecture give the same tag anywhere."""
        return f"sha-{self.digest()[:_TAG_DIGITS]}"

    def digest(self) -> str:
        """Return the hex SHA-256 over every file that the build sees, and over the build's arguments."""
        total = hashlib.sha256()
        for name in self.files():
            path = self.directory / name
            executable = bool(path.stat().st_mode & 0o100)
            total.update(f"{name}\0{executable}\0{sha256_of(path)}\n".encode())
        arguments: dict[str, object] = {
            "dockerfile": self.dockerfile,
            "arguments": dict(self.build_arguments),
        }
        if self.architecture != "amd64":
            arguments["architecture"] = self.architecture
        total.update(json.dumps(arguments, sort_keys=True).encode())
        return total.hexdigest()

    def files(self) -> list[str]:
        """Return the files that the build sees, by .dockerignore, without those in ``derived``."""
        if not (self.directory / self.dockerfile).is_file():
            raise DeliveryError(
                f"There is no {self.dockerfile} in {self.directory}.", "Correct context or dockerfile."
            )
        ignore = self.directory / ".dockerignore"
        lines = ignore.read_text().splitlines() if ignore.exists() else []
        patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        seen = exclude_paths(str(self.directory), patterns, dockerfile=self.dockerfile)
        return sorted(
            name
            for name in seen
            if (self.directory / name).is_file()
            and not (self.derived and name.startswith(f"{self.derived}/"))
        )
