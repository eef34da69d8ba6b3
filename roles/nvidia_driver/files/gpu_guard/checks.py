"""What is wrong with a host, why it matters and what to do. Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gpu_guard.facts import Facts, release_key

REFRESH = "Run `systemctl start airlift-nvidia-cdi.service`"
REBOOT = "Reboot the host when it serves nobody"
# The exit code is that of the most urgent finding: first what stops work now, last what will.
CODES = {
    "module_missing": 10,
    "nouveau_loaded": 11,
    "library_mismatch": 12,
    "smi_failed": 13,
    "gpu_missing": 14,
    "cdi_missing": 20,
    "cdi_stale": 21,
    "device_missing": 22,
    "char_link_missing": 30,
    "runtime_legacy": 31,
    "upgrades_unguarded": 40,
    "next_kernel_without_driver": 41,
}
# A loaded module is replaced at boot only, as whatever holds a GPU holds the module.
NEED_REBOOT = {"nouveau_loaded", "library_mismatch"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and its remedy."""

    kind: str
    message: str
    remedy: str

    @property
    def code(self) -> int:
        """The exit code."""
        return CODES[self.kind]


def findings(facts: Facts) -> list[Finding]:
    """Return what is wrong, the most urgent first. A host without a GPU has nothing to be wrong."""
    if not facts.gpus:
        return []
    return sorted((found for check in CHECKS for found in check(facts)), key=lambda found: found.code)


def _module(facts: Facts) -> Iterator[Finding]:
    if facts.module is None and facts.nouveau:
        yield Finding(
            "nouveau_loaded",
            "The kernel drives the GPU by nouveau, which cannot compute.",
            f"{REBOOT}: nouveau is blacklisted from then on.",
        )
    elif facts.module is None:
        yield Finding(
            "module_missing",
            f"There are {len(facts.gpus)} GPUs and no NVIDIA module is loaded.",
            "Run `modprobe nvidia`; if there is none, see `dkms status` and install this kernel's headers.",
        )


def _library(facts: Facts) -> Iterator[Finding]:
    versions = ", ".join(sorted(facts.libraries)) or "none"
    if facts.module is not None and facts.libraries != {facts.module}:
        yield Finding(
            "library_mismatch",
            f"The kernel runs driver {facts.module}, and the userspace library is {versions}.",
            f"{REBOOT}; where it stays, install one version of the driver's packages."
            if facts.libraries
            else "Install the userspace library of the driver's version.",
        )


def _smi(facts: Facts) -> Iterator[Finding]:
    if facts.module is None or facts.libraries != {facts.module}:
        return  # It says the same in other words.
    if facts.smi is None or facts.smi.error is not None:
        why = "it is not installed" if facts.smi is None else facts.smi.error
        yield Finding(
            "smi_failed",
            f"nvidia-smi does not answer: {why}.",
            "Look for NVRM and Xid in `journalctl -k`. If a GPU fell off the bus, stop and start the "
            "instance.",
        )
    elif len(facts.smi.drivers) < len(facts.gpus):
        yield Finding(
            "gpu_missing",
            f"{len(facts.gpus)} GPUs are on the bus, and nvidia-smi knows {len(facts.smi.drivers)}.",
            "Look for Xid 79 in `journalctl -k`, then stop and start the instance.",
        )


def _cdi(facts: Facts) -> Iterator[Finding]:
    if facts.toolkit is None or facts.module is None:
        return
    if not facts.specifications:
        yield Finding(
            "cdi_missing",
            "There is no CDI specification, so no container gets a GPU.",
            f"{REFRESH}.",
        )
    for spec in facts.specifications:
        nodes = [path for path in spec.devices if path.removeprefix("/dev/nvidia").isdigit()]
        if spec.drivers != {facts.module}:
            named = ", ".join(sorted(spec.drivers)) or "no driver"
            yield Finding(
                "cdi_stale",
                f"{spec.path} names {named}, and the kernel runs driver {facts.module}.",
                f"{REFRESH}, then start the containers again.",
            )
        elif len(nodes) < len(facts.gpus):
            yield Finding(
                "cdi_stale",
                f"{spec.path} names {len(nodes)} of {len(facts.gpus)} GPUs.",
                f"{REFRESH}.",
            )


def _devices(facts: Facts) -> Iterator[Finding]:
    named = {path for spec in facts.specifications for path in spec.devices}
    missing = sorted(named - facts.devices.keys())
    if missing and facts.module is not None:
        yield Finding(
            "device_missing",
            f"CDI names {', '.join(missing)}, which is not there: containers will not start.",
            f"Run `nvidia-modprobe -u -c 0`, then {REFRESH[0].lower()}{REFRESH[1:]}.",
        )


def _char_links(facts: Facts) -> Iterator[Finding]:
    missing = sorted(path for path, number in facts.devices.items() if number not in facts.linked)
    if missing and facts.toolkit is not None:
        yield Finding(
            "char_link_missing",
            f"{', '.join(missing)} have no link in /dev/char: the next `systemctl daemon-reload` "
            "takes the GPUs from running containers.",
            "Run `nvidia-ctk system create-dev-char-symlinks --create-all`, then start the containers again.",
        )


def _runtime(facts: Facts) -> Iterator[Finding]:
    runtimes = facts.docker.get("runtimes")
    registered = isinstance(runtimes, dict) and "nvidia" in runtimes
    options = facts.docker.get("exec-opts")
    by_docker = isinstance(options, list) and "native.cgroupdriver=cgroupfs" in options
    old = facts.toolkit is not None and release_key(facts.toolkit) < [1, 18]
    if (
        registered
        and not by_docker
        and (facts.runtime_mode == "legacy" or (facts.runtime_mode == "auto" and old))
    ):
        yield Finding(
            "runtime_legacy",
            "Docker's runtime nvidia adds GPUs behind the back of systemd, which forgets them at the next "
            "`systemctl daemon-reload`.",
            'Set nvidia-container-runtime.mode = "cdi" in /etc/nvidia-container-runtime/config.toml.',
        )


def _upgrades(facts: Facts) -> Iterator[Finding]:
    if facts.exposed:
        yield Finding(
            "upgrades_unguarded",
            f"unattended-upgrades may change {', '.join(facts.exposed)}, and the driver would no longer fit.",
            "Add them to Unattended-Upgrade::Package-Blacklist or hold them.",
        )


def _next_kernel(facts: Facts) -> Iterator[Finding]:
    newest = max(facts.kernels, key=release_key, default=None)
    if newest is not None and not facts.kernels[newest]:
        yield Finding(
            "next_kernel_without_driver",
            f"The next boot is into kernel {newest}, which has no NVIDIA module.",
            f"Install linux-headers-{newest}, then run `dkms autoinstall -k {newest}`.",
        )


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _module,
    _library,
    _smi,
    _cdi,
    _devices,
    _char_links,
    _runtime,
    _upgrades,
    _next_kernel,
)
