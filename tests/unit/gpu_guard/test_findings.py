"""Every way in which GPUs are lost, made on a fake host, is found and named; a well host stays unnamed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gpu_guard.checks import CODES, findings
from gpu_guard.facts import Facts
from gpu_guard.host import Host

from tests.unit.gpu_guard.trees import (
    DRIVER,
    KERNEL,
    MODULE,
    NEXT_KERNEL,
    NODES,
    OTHER,
    PACKAGES,
    SETTINGS,
    Tree,
    number,
)

Break = Callable[[Tree], object]
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"
FELL_OFF = "Unable to determine the device handle for GPU1: 0000:00:1E.0: Unknown Error"
LIBRARY = "usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so"
YAML = f"""---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: all
  containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
      hostPath: /dev/nvidia0
    - path: /dev/nvidia1
containerEdits:
  mounts:
  - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.{DRIVER}
    containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.{DRIVER}
"""


def unload(tree: Tree) -> None:
    tree.remove("proc/driver/nvidia/version")
    tree.write("proc/modules", "loop 1 0 - Live 0x0\n")


def use_nouveau(tree: Tree) -> None:
    unload(tree)
    tree.write("proc/modules", "nouveau 1 0 - Live 0x0\n")


def upgrade_library(tree: Tree) -> None:
    tree.remove(f"{LIBRARY}.{DRIVER}")
    tree.write(f"{LIBRARY}.{OTHER}", "")
    tree.program("nvidia-smi", MISMATCH, code=18)


def runtime(mode: str) -> Break:
    def change(tree: Tree) -> None:
        tree.write("etc/docker/daemon.json", '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}')
        tree.write(
            "etc/nvidia-container-runtime/config.toml", f'[nvidia-container-runtime]\nmode = "{mode}"\n'
        )

    return change


def hold(*held: str) -> Break:
    def change(tree: Tree) -> None:
        tree.program("apt-config", SETTINGS[0])
        tree.packages({name: "hold" if name in held else "install" for name in PACKAGES})

    return change


def remove_toolkit(tree: Tree) -> None:
    for path in ("bin/nvidia-ctk", "run/cdi/nvidia.json", "dev/char/195:0"):
        tree.remove(path)


BROKEN: dict[str, tuple[Break, set[str]]] = {
    "no module": (unload, {"module_missing"}),
    "nouveau": (use_nouveau, {"nouveau_loaded"}),
    "library upgraded": (upgrade_library, {"library_mismatch"}),
    "library gone": (lambda tree: tree.remove(f"{LIBRARY}.{DRIVER}"), {"library_mismatch"}),
    "two libraries": (lambda tree: tree.write(f"usr/lib/libnvidia-ml.so.{OTHER}", ""), {"library_mismatch"}),
    "module of another version": (
        lambda tree: tree.write("proc/driver/nvidia/version", MODULE.format(OTHER)),
        {"library_mismatch", "cdi_stale"},
    ),
    "nvidia-smi fails": (lambda tree: tree.program("nvidia-smi", FELL_OFF, code=15), {"smi_failed"}),
    "nvidia-smi says nothing": (lambda tree: tree.program("nvidia-smi", "", code=9), {"smi_failed"}),
    "nvidia-smi gone": (lambda tree: tree.remove("bin/nvidia-smi"), {"smi_failed"}),
    "nvidia-smi hangs": (lambda tree: tree.program("nvidia-smi", "", then="exec sleep 30"), {"smi_failed"}),
    "one GPU lost": (lambda tree: tree.program("nvidia-smi", DRIVER), {"gpu_missing"}),
    "no specification": (lambda tree: tree.remove("run/cdi/nvidia.json"), {"cdi_missing"}),
    "another vendor's specification": (
        lambda tree: tree.write("run/cdi/nvidia.json", '{"kind": "vendor.example/fpga"}'),
        {"cdi_missing"},
    ),
    "specification of another driver": (lambda tree: tree.specification(OTHER), {"cdi_stale"}),
    "a second specification, stale": (
        lambda tree: tree.specification(OTHER, name="old.json"),
        {"cdi_stale"},
    ),
    "specification without a GPU": (
        lambda tree: tree.specification(DRIVER, ("/dev/nvidia0",)),
        {"cdi_stale"},
    ),
    "device node gone": (lambda tree: tree.remove("dev/nvidia-uvm"), {"device_missing"}),
    "link in /dev/char gone": (lambda tree: tree.remove("dev/char/195:1"), {"char_link_missing"}),
    "runtime hook": (runtime("legacy"), {"runtime_legacy"}),
    "runtime hook by default": (runtime("auto"), {"runtime_legacy"}),
    "upgrades unguarded": (lambda tree: tree.program("apt-config", SETTINGS[0]), {"upgrades_unguarded"}),
    "one package not held": (hold(*PACKAGES[:3]), {"upgrades_unguarded"}),
    "next kernel without a driver": (
        lambda tree: tree.modules(NEXT_KERNEL, "kernel/drivers/video/fbdev/nvidia/nvidiafb.ko:\n"),
        {"next_kernel_without_driver"},
    ),
}

WELL: dict[str, Break] = {
    "as it should be": lambda tree: None,
    "open module": lambda tree: tree.write(
        "proc/driver/nvidia/version",
        f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {DRIVER}  Release Build\n",
    ),
    "specification in YAML": lambda tree: tree.write("etc/cdi/nvidia.yaml", YAML),
    "no toolkit at all": remove_toolkit,
    "runtime in CDI mode": runtime("cdi"),
    "packages held": hold(*PACKAGES),
    "upgrades switched off": lambda tree: tree.program("apt-config", SETTINGS[0].replace("1", "0")),
    "an old kernel without a driver": lambda tree: tree.modules(KERNEL, ""),
    "Docker's configuration broken": lambda tree: tree.write("etc/docker/daemon.json", "{"),
}


def look(tree: Tree) -> Facts:
    return Host(tree.root, tree.root, timeout_seconds=2, number=number).facts()


def kinds(tree: Tree) -> list[str]:
    return [finding.kind for finding in findings(look(tree))]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_and_nothing_else(tree: Tree, name: str) -> None:
    change, expected = BROKEN[name]
    change(tree)
    found = findings(look(tree))
    assert {finding.kind for finding in found} == expected
    for finding in found:
        assert finding.message.endswith(".")
        assert finding.remedy.endswith(".")


@pytest.mark.parametrize("name", WELL)
def test_what_is_well_is_left_alone(tree: Tree, name: str) -> None:
    WELL[name](tree)
    assert kinds(tree) == []


def test_every_kind_of_finding_is_provoked_and_has_a_code_of_its_own() -> None:
    assert set().union(*(expected for _, expected in BROKEN.values())) == set(CODES)
    assert len(set(CODES.values())) == len(CODES)


def test_the_most_urgent_comes_first(tree: Tree) -> None:
    BROKEN["link in /dev/char gone"][0](tree)
    BROKEN["upgrades unguarded"][0](tree)
    BROKEN["one GPU lost"][0](tree)
    assert kinds(tree) == ["gpu_missing", "char_link_missing", "upgrades_unguarded"]


@pytest.mark.parametrize(
    ("vendor", "kind"), [("0x1002", "0x030000"), ("0x10de", "0x040300"), ("0x10de", "0x068000")]
)
def test_another_vendors_gpu_and_nvidias_other_devices_are_no_gpu(tree: Tree, vendor: str, kind: str) -> None:
    for address in ("0000:00:1d.0", "0000:00:1e.0"):
        tree.device(address, vendor, kind)
    unload(tree)
    assert Host(tree.root, tree.root).facts().gpus == ()
    assert kinds(tree) == []


def test_devices_without_a_link_are_named(tree: Tree) -> None:
    for node in NODES.values():
        tree.remove(f"dev/char/{node}")
    found = findings(look(tree))
    assert all(path in found[0].message for path in NODES)
