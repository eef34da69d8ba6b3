"""The GPU guard, run by its unit on the host, on a fake kernel and the userland that is really installed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from testinfra.host import Host

MACHINE = "/srv/machine"
VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Tue Apr  8 12:41:17 UTC 2025"
FIGURES = "/run/airlift/gpu_guard.prom"
LIBRARIES = "find /usr/lib -name 'libnvidia-ml.so.*.*' | sed 's/.*[.]so[.]//'"


def write(host: Host, path: str, text: str) -> None:
    """Write a file."""
    host.check_output("mkdir -p $(dirname %s) && printf '%%s\\n' %s > %s", path, text, path)


@pytest.fixture
def driver(host: Host) -> Iterator[str]:
    """All is well: the kernel runs the driver that is installed. Returns its version. The timer waits."""
    version: str = host.check_output(LIBRARIES)
    assert version.count(".") == 2
    host.check_output("systemctl stop airlift-gpu-guard.timer airlift-gpu-guard.service")
    restore(host, version)
    yield version
    restore(host, version)
    # This forgets how often the timer was started, too: a sixth time within ten seconds is refused.
    host.run("systemctl reset-failed airlift-gpu-guard.service airlift-gpu-guard.timer")
    host.check_output("systemctl start airlift-gpu-guard.timer")


def restore(host: Host, version: str) -> None:
    """Make all well."""
    write(host, f"{MACHINE}/proc/driver/nvidia/version", VERSION.format(version))
    write(host, f"{MACHINE}/proc/modules", "nvidia 2 0 - Live 0x0")
    write(host, "/srv/smi/says", version)
    write(host, "/srv/smi/code", "0")
    host.run("rm -f /etc/apt/apt.conf.d/99-test")


def run(host: Host) -> tuple[int, dict[str, object]]:
    """Run the guard's unit. Returns its exit code and the line it wrote to the journal."""
    host.run("systemctl start airlift-gpu-guard.service")
    shown = host.check_output("systemctl show --property ExecMainStatus --value airlift-gpu-guard.service")
    host.check_output("journalctl --sync")
    line = host.check_output("journalctl -t airlift-gpu-guard -o cat -n 1 --no-pager")
    verdict: dict[str, object] = json.loads(line)
    return int(shown), verdict


def test_the_timer_runs_and_starts_at_boot(host: Host) -> None:
    timer = host.service("airlift-gpu-guard.timer")
    assert timer.is_running
    assert timer.is_enabled
    assert "airlift-gpu-guard.timer" in host.check_output("systemctl list-timers --no-pager")


def test_all_is_well(host: Host, driver: str) -> None:
    code, verdict = run(host)
    assert (code, verdict["status"], verdict["findings"]) == (0, "ok", [])
    assert (verdict["gpus"], verdict["module"], verdict["libraries"]) == (1, driver, [driver])


FAILURES = {
    "library_mismatch": (12, f"{MACHINE}/proc/driver/nvidia/version", VERSION.format("470.256.02")),
    "smi_failed": (13, "/srv/smi/code", "9"),
    "upgrades_unguarded": (
        40,
        "/etc/apt/apt.conf.d/99-test",
        "#clear Unattended-Upgrade::Package-Blacklist;",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_the_exit_code_the_line_and_a_figure(host: Host, driver: str, kind: str) -> None:
    expected, path, text = FAILURES[kind]
    write(host, path, text)
    code, verdict = run(host)
    assert code == verdict["exit_code"] == expected
    assert isinstance(verdict["findings"], list)
    assert [finding["kind"] for finding in verdict["findings"]] == [kind]
    figures = host.file(FIGURES)
    assert figures.mode == 0o644
    assert f"airlift_gpu_guard_exit_code {expected}\n" in figures.content_string
    assert f'airlift_gpu_guard_finding{{kind="{kind}"}} 1\n' in figures.content_string
    assert figures.content_string.count("} 1\n") == 2
    assert host.run("systemctl is-failed airlift-gpu-guard.service").rc == 0


def test_no_module_and_nouveau(host: Host, driver: str) -> None:
    host.check_output(f"rm {MACHINE}/proc/driver/nvidia/version")
    assert run(host)[0] == 10
    write(host, f"{MACHINE}/proc/modules", "nouveau 1 0 - Live 0x0")
    code, verdict = run(host)
    assert (code, verdict["reboot_needed"]) == (11, True)


def test_figures_are_for_prometheus(host: Host, driver: str) -> None:
    run(host)
    lines = host.file(FIGURES).content_string.splitlines()
    named = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert named == {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")}
