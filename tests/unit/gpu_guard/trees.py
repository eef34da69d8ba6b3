"""Fake hosts: trees of proc, sys, dev and the rest, and programs that answer as their originals do."""

from __future__ import annotations

import json
from pathlib import Path

DRIVER, OTHER = "550.163.01", "535.261.03"
KERNEL, NEXT_KERNEL = "6.12.48+deb13-cloud-amd64", "6.12.107+deb13-cloud-amd64"
MODULE = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Tue Apr  8 12:41:17 UTC 2025\n"
    "GCC version:  gcc version 14.2.0 (Debian 14.2.0-19)\n"
)
NODES = {
    "/dev/nvidia0": "195:0",
    "/dev/nvidia1": "195:1",
    "/dev/nvidiactl": "195:255",
    "/dev/nvidia-uvm": "508:0",
}
PACKAGES = (
    "nvidia-smi",
    "libcuda1",
    "linux-image-cloud-amd64",
    "nvidia-container-toolkit",
    "unattended-upgrades",
)
SETTINGS = ['APT::Periodic::Unattended-Upgrade "1";'] + [
    f'Unattended-Upgrade::Package-Blacklist:: "{pattern}";'
    for pattern in ("^nvidia-", "^libcuda", "^linux-image-")
]


class Tree:
    """A host with two GPUs on which all is well, until a test breaks something."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin = root, root / "bin"
        self.device("0000:00:05.0", "0x8086", "0x020000")
        self.device("0000:00:1d.0", "0x10de", "0x030200")
        self.device("0000:00:1e.0", "0x10de", "0x030200")
        self.write("proc/modules", "nvidia_uvm 1 0 - Live 0x0\nnvidia 2 1 nvidia_uvm, Live 0x0\n")
        self.write("proc/driver/nvidia/version", MODULE.format(DRIVER))
        self.write(f"usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.{DRIVER}", "")
        self.write("usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.1", "")
        for path, number in NODES.items():
            self.write(path[1:], number)
            self.link(number)
        self.specification(DRIVER)
        for kernel in (KERNEL, NEXT_KERNEL):
            self.write(f"boot/vmlinuz-{kernel}", "")
            self.modules(
                kernel,
                "updates/dkms/nvidia-current.ko.xz: \nkernel/drivers/video/fbdev/nvidia/nvidiafb.ko:\n",
            )
        self.program("nvidia-smi", f"{DRIVER}\n{DRIVER}")
        self.program(
            "nvidia-ctk",
            "NVIDIA Container Toolkit CLI version 1.17.8\ncommit: f202b80a9b9d0db00d9b1d73c0128c8962c55f4d",
        )
        self.packages(dict.fromkeys(PACKAGES, "install"))
        self.program("apt-config", "\n".join(SETTINGS))

    def write(self, path: str, text: str) -> Path:
        """Write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def remove(self, path: str) -> None:
        """Remove a file."""
        (self.root / path).unlink()

    def device(self, address: str, vendor: str, kind: str) -> None:
        """Put a device on the bus."""
        self.write(f"sys/bus/pci/devices/{address}/vendor", f"{vendor}\n")
        self.write(f"sys/bus/pci/devices/{address}/class", f"{kind}\n")

    def link(self, number: str) -> None:
        """Make the link of a device in /dev/char."""
        link = self.root / "dev/char" / number
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../nvidia")

    def modules(self, kernel: str, text: str) -> None:
        """Say which modules a kernel has."""
        self.write(f"lib/modules/{kernel}/modules.dep", text)

    def program(self, name: str, says: str, code: int = 0, then: str = "") -> None:
        """Install a program that says something."""
        file = self.write(f"bin/{name}", f"#!/bin/sh\ncat <<'SAID'\n{says}\nSAID\n{then}\nexit {code}\n")
        file.chmod(0o755)

    def packages(self, wanted: dict[str, str]) -> None:
        """Install packages, each with what dpkg shall do with it."""
        self.program("dpkg-query", "\n".join(f"{name} {want} installed" for name, want in wanted.items()))

    def specification(
        self, driver: str, nodes: tuple[str, ...] = tuple(NODES), name: str = "nvidia.json"
    ) -> None:
        """Write a CDI specification in JSON."""
        document = {
            "cdiVersion": "0.6.0",
            "kind": "nvidia.com/gpu",
            "devices": [
                {"name": "all", "containerEdits": {"deviceNodes": [{"path": node} for node in nodes]}}
            ],
            "containerEdits": {
                "mounts": [
                    {
                        "hostPath": f"/usr/lib/libcuda.so.{driver}",
                        "containerPath": f"/usr/lib/libcuda.so.{driver}",
                    }
                ],
                "hooks": [{"args": ["create-symlinks", "--link", "libcuda.so.1::/usr/lib/libcuda.so"]}],
            },
        }
        self.write(f"run/cdi/{name}", json.dumps(document, indent=2))


def number(path: Path) -> str | None:
    """Return the number a fake device node holds."""
    return path.read_text() if path.is_file() else None
