"""What is on the host after the role edge_proxy."""

from __future__ import annotations

import pytest
from testinfra.host import Host


def test_the_service_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service("haproxy")
    assert service.is_running, host.run("journalctl -u haproxy --no-pager -n 30").stdout
    assert service.is_enabled


@pytest.mark.parametrize(
    ("path", "group", "mode"),
    [
        ("/etc/haproxy/haproxy.cfg", "haproxy", 0o640),
        ("/etc/haproxy/airlift", "haproxy", 0o750),
        ("/etc/haproxy/airlift/keys.map", "haproxy", 0o640),
        ("/run/haproxy/admin.sock", "haproxy", 0o660),
        ("/var/lib/airlift-edge", "root", 0o755),
    ],
)
def test_files_belong_to_whom_they_should(host: Host, path: str, group: str, mode: int) -> None:
    file = host.file(path)
    assert (file.user, file.group, file.mode) == ("root", group, mode)


def test_figures_are_for_this_host_only(host: Host) -> None:
    assert host.socket("tcp://127.0.0.1:8404").is_listening
    assert not host.socket("tcp://0.0.0.0:8404").is_listening
    assert "haproxy_server_status" in host.check_output("curl --silent --fail http://127.0.0.1:8404/metrics")
    assert host.check_output("curl --silent -o /dev/null -w '%{http_code}' http://127.0.0.1:8404/") == "404"


def test_the_configuration_has_no_warnings(host: Host) -> None:
    checked = host.run("haproxy -c -V -f /etc/haproxy/haproxy.cfg")
    assert checked.rc == 0
    warnings = [line for line in (checked.stdout + checked.stderr).splitlines() if "[WARNING]" in line]
    assert [line for line in warnings if "changed from server-state" not in line] == []
