"""What Docker must be after the role docker_engine."""

import json

from testinfra.host import Host


def information(host: Host) -> dict[str, object]:
    """What the daemon says about itself."""
    answer: dict[str, object] = json.loads(host.check_output("docker info --format '{{json .}}'"))
    return answer


def test_daemon_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service("docker")
    assert service.is_running, host.run("journalctl -u docker --no-pager -n 50").stdout
    assert service.is_enabled


def test_daemon_is_hardened(host: Host) -> None:
    found = information(host)
    assert found["LiveRestoreEnabled"] is True
    assert "name=no-new-privileges" in str(found["SecurityOptions"])
    assert found["Driver"] == "overlay2"
    assert found["LoggingDriver"] == "local"
