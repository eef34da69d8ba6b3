"""What the role nvidia_driver leaves on a host with a GPU; the kernel's side of it is a fake tree."""

from __future__ import annotations

import pytest
from testinfra.host import Host

DEBIAN = ("libcuda1", "libnvidia-ml1", "nvidia-kernel-dkms", "nvidia-persistenced", "nvidia-smi")
NVIDIA = ("nvidia-driver-cuda", "nvidia-kernel-open-dkms", "nvidia-persistenced")
PREFERENCES = "/etc/apt/preferences.d/airlift-nvidia-driver"


@pytest.fixture
def from_nvidia(host: Host) -> bool:
    """Whether this host takes the driver from the test's repository."""
    return bool(host.check_output("hostname").endswith("-nvidia"))


@pytest.fixture
def branch(host: Host, from_nvidia: bool) -> str:
    """The branch this host is to be on."""
    if from_nvidia:
        return "580"
    return {"12": "535", "13": "550"}[host.system_info.release.split(".")[0]]


def candidate(host: Host, package: str) -> str:
    """Return the version that apt would install."""
    lines = host.check_output(f"apt-cache policy {package}").splitlines()
    return next(line.split(": ")[1] for line in lines if "Candidate:" in line)


def test_the_packages_are_of_the_branch(host: Host, from_nvidia: bool, branch: str) -> None:
    for name in NVIDIA if from_nvidia else DEBIAN:
        package = host.package(name)
        assert package.is_installed, name
        assert package.version.startswith(f"{branch}."), name


def test_a_newer_branch_is_never_a_candidate(host: Host, from_nvidia: bool, branch: str) -> None:
    package = "nvidia-driver-cuda" if from_nvidia else "nvidia-smi"
    assert candidate(host, package).startswith(f"{branch}.")
    if from_nvidia:
        assert "590.44.01-1" in host.check_output(f"apt-cache madison {package}")
    # The pin does it: where another branch is pinned, there is no candidate at all.
    change = f"s/^Pin: version {branch}.*/Pin: version 1*/"
    host.check_output(f"mkdir -p /tmp/pins && sed '{change}' {PREFERENCES} > /tmp/pins/other")
    found = host.check_output(f"apt-cache -o Dir::Etc::preferencesparts=/tmp/pins policy {package}")
    assert "Candidate: (none)" in found or "Installed: (none)" not in found


def test_the_kernel_stays(host: Host) -> None:
    """The pinned version is one that the archive does not have: no other is a candidate."""
    assert "Pin: version 6.1.99-1" in host.file("/etc/apt/preferences.d/airlift-nvidia-kernel").content_string
    assert candidate(host, "linux-image-cloud-amd64") == "(none)"
    assert candidate(host, "linux-headers-amd64") == "(none)"


def test_automatic_upgrades_leave_driver_and_kernel_alone(host: Host) -> None:
    settings = host.check_output("apt-config dump")
    for pattern in ("^nvidia-", "^libnvidia-", "^libcuda", "^linux-image-", "^linux-headers-"):
        assert f'Unattended-Upgrade::Package-Blacklist:: "{pattern}";' in settings


def test_nouveau_is_blacklisted(host: Host) -> None:
    assert "blacklist nouveau" in host.file("/etc/modprobe.d/airlift-nvidia-driver.conf").content_string


def test_the_driver_is_kept_initialized_from_boot_on(host: Host) -> None:
    assert host.service("nvidia-persistenced").is_enabled


def test_the_repositorys_key_is_the_pinned_one(host: Host, from_nvidia: bool) -> None:
    key = host.file("/etc/apt/keyrings/airlift-nvidia-driver.asc")
    assert key.exists is from_nvidia
    if from_nvidia:
        assert (key.user, key.mode) == ("root", 0o644)
        shown = host.check_output("gpg --batch --with-colons --show-keys %s", key.path)
        assert host.file("/srv/apt/fingerprint").content_string.strip() in shown
        assert shown.count("pub:") == 1
        sources = host.file("/etc/apt/sources.list.d/airlift-nvidia-driver.sources").content_string
        assert f"Signed-By: {key.path}" in sources
