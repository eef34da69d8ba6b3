"""Reads the facts of a host. Changes nothing, and waits for nobody for long."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gpu_guard import facts as read
from gpu_guard.facts import Facts, Smi, Specification

NVIDIA, DISPLAY = "0x10de", "0x03"
SPECIFICATIONS = ("etc/cdi", "run/cdi")
LIBRARIES = (
    "usr/lib/*-linux-gnu",
    "usr/lib/*-linux-gnu/nvidia/current",
    "usr/lib64",
    "usr/lib",
    "usr/local/lib",
)


def device_number(path: Path) -> str | None:
    """Return a character device's number as major:minor; None for anything else."""
    status = path.stat()
    if not stat.S_ISCHR(status.st_mode):
        return None
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


@dataclass(frozen=True)
class Host:
    """Where to look: ``kernel_root`` has proc, sys and dev, ``root`` everything else."""

    kernel_root: Path = Path("/")
    root: Path = Path("/")
    timeout_seconds: float = 20.0
    number: Callable[[Path], str | None] = device_number

    def facts(self) -> Facts:
        """Read everything. What only matters with a GPU is not looked for without one."""
        gpus = self.gpus()
        if not gpus:
            return Facts()
        devices = {f"/{path.relative_to(self.kernel_root)}": number for path, number in self._nodes()}
        toolkit = self._run(["nvidia-ctk", "--version"])
        return Facts(
            gpus=gpus,
            nouveau=re.search(r"^nouveau ", _text(self.kernel_root / "proc/modules"), re.MULTILINE)
            is not None,
            module=read.module_version(_text(self.kernel_root / "proc/driver/nvidia/version")),
            libraries=self._libraries(),
            smi=self._smi(),
            toolkit=None if toolkit is None else read.toolkit_version(toolkit[1]) or "unknown",
            runtime_mode=self._runtime_mode(),
            specifications=self._specifications(),
            devices=devices,
            linked=self._linked(),
            docker=self._docker(),
            kernels=self._kernels(),
            exposed=self._exposed(),
        )

    def gpus(self) -> tuple[str, ...]:
        """Return the PCI addresses of NVIDIA's display and 3D controllers (not of their sound or bridges)."""
        return tuple(
            device.name
            for device in sorted((self.kernel_root / "sys/bus/pci/devices").glob("*"))
            if _text(device / "vendor").strip() == NVIDIA and _text(device / "class").startswith(DISPLAY)
        )

    def _nodes(self) -> list[tuple[Path, str]]:
        dev = self.kernel_root / "dev"
        paths = sorted([*dev.glob("nvidia*"), *dev.glob("nvidia-caps/*")])
        return [(path, number) for path in paths if (number := self.number(path)) is not None]

    def _linked(self) -> frozenset[str]:
        links = (self.kernel_root / "dev/char").glob("*:*")
        return frozenset(link.name for link in links if link.is_symlink())

    def _libraries(self) -> frozenset[str]:
        found = (path.name for place in LIBRARIES for path in self.root.glob(f"{place}/libnvidia-ml.so.*"))
        return read.library_versions(found)

    def _smi(self) -> Smi | None:
        answer = self._run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])
        return None if answer is None else read.smi_answer(*answer)

    def _specifications(self) -> tuple[Specification, ...]:
        paths = (path for place in SPECIFICATIONS for path in sorted((self.root / place).glob("*")))
        known = (path for path in paths if path.suffix in {".json", ".yaml"})
        found = (read.specification(f"/{path.relative_to(self.root)}", _text(path)) for path in known)
        return tuple(one for one in found if one)

    def _docker(self) -> dict[str, object]:
        try:
            found = json.loads(_text(self.root / "etc/docker/daemon.json") or "{}")
        except ValueError:
            return {}  # Docker itself will say so.
        return found if isinstance(found, dict) else {}

    def _runtime_mode(self) -> str:
        try:
            found = tomllib.loads(_text(self.root / "etc/nvidia-container-runtime/config.toml"))
        except tomllib.TOMLDecodeError:
            return "auto"
        section = found.get("nvidia-container-runtime", {})
        return str(section.get("mode", "auto"))

    def _kernels(self) -> dict[str, bool]:
        releases = [path.name.removeprefix("vmlinuz-") for path in (self.root / "boot").glob("vmlinuz-*")]
        return {
            release: read.has_driver(_text(self.root / "lib/modules" / release / "modules.dep"))
            for release in releases
        }

    def _exposed(self) -> tuple[str, ...]:
        wanted = "${Package} ${db:Status-Want} ${db:Status-Status}\\n"
        packages, settings = self._run(["dpkg-query", "-W", "-f", wanted]), self._run(["apt-config", "dump"])
        if packages is None or settings is None:
            return ()
        lines = (line.split() for line in packages[1].splitlines())
        installed = {line[0]: line[1] == "hold" for line in lines if line[2:] == ["installed"]}
        return read.exposed_packages(installed, settings[1])

    def _run(self, command: Sequence[str]) -> tuple[int, str] | None:
        """Return exit status and output; None where there is no such program.

        A program that hangs in the kernel cannot be killed: it is left to the service's own limit.
        """
        program = shutil.which(command[0])
        if program is None:
            return None
        process = subprocess.Popen(
            [program, *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            output, _ = process.communicate(timeout=self.timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=1)
            return 124, f"no answer within {self.timeout_seconds:g} s"
        return process.returncode, output


def _text(path: Path) -> str:
    """Return a file's text; what is not there is empty."""
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
