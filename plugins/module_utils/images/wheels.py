"""The wheels that a build installs: fetched here from a lock file, so that the build needs no index."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeliveryError

_PLATFORMS = {
    "amd64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
}
_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Wheels:
    """A lock file with hashes, the folder its wheels belong in, and the image's Python and architecture."""

    lock: Path
    directory: Path
    python_version: str
    architecture: str = "amd64"

    def ensure(self) -> bool:
        """Have exactly the lock's wheels in the folder; whether they had to be fetched."""
        if not self.lock.is_file():
            raise DeliveryError(f"There is no lock file at {self.lock}.", "Correct wheels.lock.")
        mark = self.directory / ".from-lock"
        built_for = f"{self.python_version} {self.architecture}"
        digest = hashlib.sha256(f"{built_for}\n{self.lock.read_text()}".encode()).hexdigest()
        if mark.exists() and mark.read_text() == digest and _wheels(self.directory):
            return False
        staging = self.directory.with_name(f".{self.directory.name}.incoming")
        shutil.rmtree(staging, ignore_errors=True)
        self._download(staging)
        if not _wheels(staging):
            raise DeliveryError(
                f"Failed to fetch the wheels of {self.lock.name}: pip ended well and left none.",
                "Run the same command again.",
            )
        (staging / mark.name).write_text(digest)
        shutil.rmtree(self.directory, ignore_errors=True)
        staging.rename(self.directory)
        return True

    def _download(self, directory: Path) -> None:
        platforms = [word for platform in _PLATFORMS[self.architecture] for word in ("--platform", platform)]
        command = [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            ),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:", *platforms),
            *(
                "--python-version",
                self.python_version,
                "--dest",
                str(directory),
                "--requirement",
                str(self.lock),
            ),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip failed"]
            raise DeliveryError(
                f"Failed to fetch the wheels of {self.lock.name}: {lines[-1]}.",
                "Check the network and pip's settings.",
            )


def _wheels(directory: Path) -> list[Path]:
    return list(directory.glob("*.whl"))
