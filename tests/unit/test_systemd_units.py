"""The module that starts several units of a host."""

from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.modules import systemd_units
from ansible_collections.airlift.stack.plugins.modules.systemd_units import Unit

SHOWN = """\
LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=yes

LoadState=not-found
ActiveState=inactive
UnitFileState=

LoadState=loaded
ActiveState=inactive
UnitFileState=static
"""
RUNS, NEW = Unit("loaded", "active", "enabled"), Unit("loaded", "inactive", "disabled")


def verbs(unit: Unit, enabled: bool | None = True, state: str | None = "started") -> list[str]:
    wanted = {"name": "a.service", "enabled": enabled, "state": state}
    return [verb for verb, *_ in systemd_units.plan(wanted, unit)]


def test_units_are_read_in_the_order_they_were_asked_for() -> None:
    assert systemd_units.parse(SHOWN) == [
        Unit("loaded", "active", "enabled", outdated=True),
        Unit("not-found", "inactive", ""),
        Unit("loaded", "inactive", "static"),
    ]


def test_only_what_is_otherwise_is_acted_on() -> None:
    assert verbs(RUNS) == []
    assert verbs(NEW) == ["enable", "start"]
    assert verbs(RUNS, enabled=False, state="stopped") == ["disable", "stop"]
    assert verbs(NEW, enabled=False, state="stopped") == []


def test_a_state_may_be_left_alone() -> None:
    assert verbs(NEW, state=None) == ["enable"]
    assert verbs(RUNS, state=None) == []
    assert verbs(NEW, enabled=None) == ["start"]
    assert verbs(RUNS, enabled=None, state="stopped") == ["stop"]


@pytest.mark.parametrize("active", ["activating", "reloading"])
def test_what_is_about_to_run_is_not_started_again(active: str) -> None:
    assert verbs(Unit("loaded", active, "enabled")) == []


def test_what_has_failed_is_started() -> None:
    assert verbs(Unit("loaded", "failed", "enabled")) == ["start"]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_static_unit_is_neither_enabled_nor_disabled(enabled: bool) -> None:
    assert verbs(Unit("loaded", "active", "static"), enabled=enabled) == []


def test_what_runs_from_an_older_file_is_restarted() -> None:
    assert verbs(Unit("loaded", "active", "enabled", outdated=True)) == ["restart"]
    assert verbs(Unit("loaded", "active", "enabled", outdated=True), state=None) == []


@pytest.mark.parametrize(("enabled", "state", "usable"), [(False, "stopped", True), (True, "started", False)])
def test_a_masked_unit_can_only_be_stopped(enabled: bool, state: str, usable: bool) -> None:
    wanted = {"name": "a.service", "enabled": enabled, "state": state}
    unit = Unit("masked", "inactive", "masked")
    for check_mode in (True, False):
        assert systemd_units.usable(wanted, unit, check_mode) is usable
    assert not usable or systemd_units.plan(wanted, unit) == []


def test_only_in_check_mode_a_unit_may_be_yet_to_come() -> None:
    wanted = {"name": "a.service", "enabled": True, "state": "started"}
    missing = Unit("not-found", "inactive", "")
    assert systemd_units.usable(wanted, missing, check_mode=True)
    assert not systemd_units.usable(wanted, missing, check_mode=False)
