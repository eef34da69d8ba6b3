"""What is known of a host, as data, and how the programs' own words are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

VERSION = r"(\d+\.\d+(?:\.\d+)?)"
# Driver and kernel; the container toolkit too, as it writes the specification that names the driver's files.
GUARDED = re.compile(
    r"nvidia-|libnvidia-|libcuda1$|cuda-drivers|firmware-nvidia-|xserver-xorg-video-nvidia|linux-(image|headers)-"
)


@dataclass(frozen=True)
class Specification:
    """A CDI specification: the driver versions and device nodes it names."""

    path: str
    drivers: frozenset[str]
    devices: frozenset[str]


@dataclass(frozen=True)
class Smi:
    """What nvidia-smi answered: each GPU's driver version, or why there is no answer."""

    drivers: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Facts:
    """A host. Versions are as the driver prints them (550.163.01), device numbers as major:minor."""

    gpus: tuple[str, ...] = ()
    nouveau: bool = False
    module: str | None = None
    libraries: frozenset[str] = frozenset()
    smi: Smi | None = None
    toolkit: str | None = None
    runtime_mode: str = "auto"
    specifications: tuple[Specification, ...] = ()
    devices: Mapping[str, str] = field(default_factory=dict)
    linked: frozenset[str] = frozenset()
    docker: Mapping[str, object] = field(default_factory=dict)
    kernels: Mapping[str, bool] = field(default_factory=dict)
    exposed: tuple[str, ...] = ()


def module_version(text: str) -> str | None:
    """Read /proc/driver/nvidia/version, of the proprietary and of the open module."""
    found = re.search(rf"Kernel Module\s+(?:for \S+\s+)?{VERSION}", text)
    return found[1] if found else None


def toolkit_version(text: str) -> str | None:
    """Read ``nvidia-ctk --version``."""
    found = re.search(rf"version:?\s+v?{VERSION}", text, re.IGNORECASE)
    return found[1] if found else None


def library_versions(names: Iterable[str]) -> frozenset[str]:
    """Return the versions in the names of the management library's files; its links name none."""
    found = (re.fullmatch(rf"libnvidia-ml\.so\.{VERSION}", name) for name in names)
    return frozenset(one[1] for one in found if one)


def specification(path: str, text: str) -> Specification | None:
    """Read a CDI specification, JSON or YAML. None: it is not NVIDIA's."""
    if not re.search(r"""["']?kind["']?\s*:\s*["']?nvidia\.com/""", text):
        return None
    drivers = re.findall(r"lib(?:cuda|nvidia-ml)\.so\.(\d+\.\d+(?:\.\d+)?)", text)
    devices = re.findall(r"""["']?\bpath["']?\s*:\s*["']?(/dev/[^\s"',}]+)""", text)
    return Specification(path, frozenset(drivers), frozenset(devices))


def smi_answer(code: int, text: str) -> Smi:
    """Read ``nvidia-smi --query-gpu=driver_version --format=csv,noheader``: a line for each GPU."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if code or not lines:
        return Smi(error=" ".join(lines) or f"exit status {code} and no output")
    return Smi(drivers=tuple(lines))


def has_driver(modules_dep: str) -> bool:
    """Whether a kernel's modules.dep lists NVIDIA's module (Debian: nvidia-current). nvidiafb is none."""
    return (
        re.search(r"(^|/)nvidia(-current|-tesla[^/:]*)?(-open)?\.ko", modules_dep, re.MULTILINE) is not None
    )


def release_key(release: str) -> list[int]:
    """Sort kernel releases by their numbers."""
    return [int(number) for number in re.findall(r"\d+", release)]


def exposed_packages(installed: Mapping[str, bool], settings: str) -> tuple[str, ...]:
    """Return the driver's and kernel's packages that unattended-upgrades may change.

    ``installed`` says of each package whether it is held; ``settings`` is what ``apt-config dump`` prints.
    """
    enabled = re.search(r'^APT::Periodic::Unattended-Upgrade "(?!0)\w+";', settings, re.MULTILINE)
    if not enabled or "unattended-upgrades" not in installed:
        return ()
    excluded = re.findall(r'^Unattended-Upgrade::Package-Blacklist:: "(.*)";', settings, re.MULTILINE)
    return tuple(
        sorted(
            name
            for name, held in installed.items()
            if GUARDED.match(name) and not held and not any(re.match(pattern, name) for pattern in excluded)
        )
    )
