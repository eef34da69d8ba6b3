"""docker-registry's files on disk.

The distribution specification has no call to delete a tag or a repository, so both are removed where the
registry looks for them at each request (it caches nothing). Layers stay on disk until localcloud stops.
"""

from __future__ import annotations

import shutil
from pathlib import Path


class Store:
    """The registry's storage directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def clear(self) -> None:
        """Begin empty, as the account does."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True, mode=0o700)

    def remove_tag(self, repository: str, tag: str) -> None:
        """Forget a tag; what it named stays."""
        self._remove(self._manifests(repository) / "tags" / tag)

    def remove_manifest(self, repository: str, digest: str) -> None:
        """Forget a manifest; its tags must be removed too."""
        algorithm, _, hexadecimal = digest.partition(":")
        self._remove(self._manifests(repository) / "revisions" / algorithm / hexadecimal)

    def remove_repository(self, repository: str) -> None:
        """Forget a repository, and leave those whose names go on below its name."""
        for part in ("_manifests", "_layers", "_uploads"):
            self._remove(self._repository(repository) / part)

    def _repository(self, name: str) -> Path:
        return self.directory / "docker/registry/v2/repositories" / name

    def _manifests(self, repository: str) -> Path:
        return self._repository(repository) / "_manifests"

    def _remove(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self.directory.resolve()):
            raise ValueError(f"{path} is outside of the registry's storage")
        if path.exists():
            shutil.rmtree(path)
