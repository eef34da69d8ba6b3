"""How hard the host is, by Lynis' measure, and what an operator still has."""

from __future__ import annotations

from testinfra.host import Host

# The aim is 85; roles/host_baseline/README.md says what is missing.
LEAST = 70


def test_lynis_finds_the_host_hard(host: Host) -> None:
    """Lynis as Debian has it, with the profile that it comes with: no test is left out by us."""
    host.check_output("lynis audit system --quick --no-colors > /root/lynis.txt 2>&1")
    report = host.file("/var/log/lynis-report.dat").content_string.splitlines()
    index = int(next(line for line in report if line.startswith("hardening_index=")).partition("=")[2])
    wanting = [line for line in report if line.startswith(("suggestion", "warning"))]
    assert index >= LEAST, "\n".join(wanting)


def test_the_kernels_forwarding_is_left_to_docker(host: Host) -> None:
    assert "forward" not in host.file("/etc/sysctl.d/60-airlift.conf").content_string


def test_what_no_server_needs_is_not_loaded(host: Host) -> None:
    lines = host.file("/etc/modprobe.d/airlift.conf").content_string.splitlines()
    assert {"install dccp /bin/false", "blacklist usb-storage"} <= set(lines)


def test_a_process_leaves_no_core(host: Host) -> None:
    assert host.check_output("su -c 'ulimit -c' bob") == "0"


def test_the_ssm_agent_is_the_pinned_one_and_runs(host: Host) -> None:
    assert host.package("amazon-ssm-agent").version == "99.0"
    assert host.service("amazon-ssm-agent").is_running
    assert host.service("amazon-ssm-agent").is_enabled


def test_security_upgrades_have_a_source(host: Host) -> None:
    found = host.check_output("apt-get indextargets --format '$(CODENAME) $(LABEL)' 'Created-By: Packages'")
    assert any("-security" in line for line in found.splitlines()), found
    assert "Debian-Security" in host.check_output("apt-cache policy")
