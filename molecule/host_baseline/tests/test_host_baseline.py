"""What a host must be after the role host_baseline."""

import pytest
from testinfra.host import Host


def test_ssh_takes_keys_only_and_still_runs(host: Host) -> None:
    effective = host.check_output("sshd -T -C user=admin,host=localhost,addr=127.0.0.1").splitlines()
    for wanted in (
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "authenticationmethods publickey",
        "maxauthtries 3",
        "x11forwarding no",
        "allowtcpforwarding local",
    ):
        assert wanted in effective
    assert host.service("ssh").is_running, host.run("journalctl -u ssh --no-pager -n 30").stdout


@pytest.mark.parametrize("package", ["ca-certificates", "python3-apt", "unattended-upgrades"])
def test_base_packages_are_installed(host: Host, package: str) -> None:
    assert host.package(package).is_installed


def test_security_upgrades_and_no_others_install_themselves(host: Host) -> None:
    settings = host.check_output("apt-config dump").splitlines()
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in settings
    assert 'Unattended-Upgrade::Package-Blacklist:: "^nvidia-";' in settings
    origins = [line for line in settings if line.startswith("Unattended-Upgrade::Origins-Pattern:: ")]
    assert len(origins) == 1
    assert "Debian-Security" in origins[0]


def test_the_journal_is_kept_within_limits(host: Host) -> None:
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf").splitlines()
    assert "SystemMaxUse=512M" in settings
    assert host.service("systemd-journald").is_running
    assert host.file("/var/log/journal").is_directory


def test_kernel_settings_are_written_in_a_form_the_kernel_takes(host: Host) -> None:
    path = "/etc/sysctl.d/60-airlift.conf"
    assert host.file(path).mode == 0o644
    for line in host.file(path).content_string.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" = ")
            assert host.file(f"/proc/sys/{name.replace('.', '/')}").exists, f"{name} is no kernel setting"
            assert value.isdigit()


def test_no_unit_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""
