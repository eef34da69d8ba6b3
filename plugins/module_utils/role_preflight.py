"""What every role asks before it changes a host: are its variables' names right, does it know the system."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from .option_schema.reading import unknown

SUBSETS: Mapping[str, Collection[str]] = {
    "distribution": {
        "distribution",
        "distribution_major_version",
        "distribution_release",
        "distribution_version",
        "os_family",
    },
    "hardware": {"mounts", "swaptotal_mb"},
    "network": {"default_ipv4"},
    "platform": {"architecture", "kernel", "kernel_version"},
    "virtual": {"virtualization_role", "virtualization_type"},
}
"""The subset of ``ansible.builtin.setup`` that finds each fact."""

SUPPORTED: Mapping[str, Collection[str]] = {"Debian": ("12", "13")}
"""The major versions of each distribution that the roles are tested on."""

ARCHITECTURES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class System:
    """What a host runs."""

    FACTS: ClassVar = ("distribution", "distribution_version", "distribution_major_version", "architecture")

    distribution: str
    version: str
    major_version: str
    architecture: str

    @classmethod
    def from_facts(cls, facts: Mapping[str, object]) -> System:
        """Read it from Ansible's facts, which have no prefix."""
        return cls(*(str(facts[name]) for name in cls.FACTS))


def unknown_variables(role: str, names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return those of ``names`` that look like variables of ``role`` and are none."""
    return sorted(name for name in names if name.startswith(f"{role}_") and name not in known)


def misspelt_sentence(role: str, host: str, names: Iterable[str], known: Collection[str]) -> str:
    """Say which variables the role does not have, and what may have been meant."""
    said = [unknown(name, known, what="it has no variable") for name in names]
    return (
        f"Failed to run role {role} on {host}: {' And '.join(said)} Correct the name: roles/{role}/README.md"
        " lists what there is."
    )


def subsets(wanted: Iterable[str], present: Collection[str]) -> list[str]:
    """Return the subsets of facts that are to be gathered: those with a wanted fact that is not there yet."""
    absent = set(wanted) - set(present)
    return [name for name, facts in SUBSETS.items() if absent & set(facts)]


def system_sentence(purpose: str, reason: str, host: str, system: System) -> str:
    """Say why the role does not do what it is for on a host. Nothing where it does."""
    versions = SUPPORTED.get(system.distribution, ())
    if system.major_version in versions and system.architecture in ARCHITECTURES:
        return ""
    tested = ", ".join(f"{name} {' and '.join(versions)}" for name, versions in SUPPORTED.items())
    return (
        f"Failed to {purpose} on {host}: it runs {system.distribution} {system.version} on"
        f" {system.architecture}, and {reason} {tested}."
        " Choose a Debian 13 image (airlift_compute.image_name)."
    )
