#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Several systemd units of a host, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_units
short_description: Have several systemd units started, stopped, enabled or not in one task
version_added: 0.1.0
description:
  - Does for a list of units what M(ansible.builtin.systemd_service) does for one, in its words. Asks systemd
    once about all of them and acts on those only that are not as they shall be.
  - Nothing is done to any unit before all of them are known to exist.
  - Where a unit's file is newer than what systemd knows, as after an interrupted run, systemd reads it
    again, and the unit is restarted if it shall run and does.
options:
  units:
    description: The units.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The unit's whole name, with its suffix.
        type: str
        required: true
      enabled:
        description: Whether it starts at boot. Where it is not given, that is left alone.
        type: bool
      state:
        description:
          - Whether it runs. Where it is not given, that is left alone.
        type: str
        choices: [started, stopped]
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Says what would change and changes nothing. A unit that is not there yet would.
    support: full
  diff_mode:
    description: Shows each unit's change.
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Run the daemon and its timer
  airlift.stack.systemd_units:
    units:
      - name: docker.service
        enabled: true
        state: started
      - name: cleanup.timer
        enabled: false
        state: stopped
"""

RETURN = r"""
acted:
  description: What was done, in systemctl's words, such as V(start docker.service).
  returned: always
  type: list
  elements: str
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.errors import UnitError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module

PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")
ENABLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")
RUNNING = ("active", "activating", "reloading")
OPTIONS = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool"},
    "state": {"type": "str", "choices": ["started", "stopped"]},
}


@dataclass(frozen=True)
class Unit:
    """A unit as systemd shows it."""

    loaded: str
    active: str
    file: str
    outdated: bool = False

    @property
    def enabled(self) -> bool:
        """Whether it starts at boot, by itself or because another unit wants it."""
        return self.file in ENABLED

    @property
    def running(self) -> bool:
        """Whether it runs or is about to."""
        return self.active in RUNNING


def manage(module: AnsibleModule) -> dict[str, Any]:
    """Bring the units into the wanted states. Raises UnitError."""
    wanted = module.params["units"]
    command = ["systemctl", "show", "--property", ",".join(PROPERTIES), *(one["name"] for one in wanted)]
    code, output, error = module.run_command(command)
    if code:
        raise UnitError(f"Failed to ask systemd about units: {error.strip()}.", "Does systemd run here?")
    pairs = list(zip(wanted, parse(output), strict=True))
    lost = [one["name"] for one, unit in pairs if not usable(one, unit, module.check_mode)]
    if lost:
        raise UnitError(
            f"Failed to manage {', '.join(lost)}: systemd has no such unit, or it is masked.",
            f"`systemctl status {lost[0]}` says more.",
        )
    planned = [(one, unit, plan(one, unit)) for one, unit in pairs]
    steps = [step for _, _, own in planned for step in own]
    if any(unit.outdated for _, unit in pairs):
        steps.insert(0, ("daemon-reload",))
    if not module.check_mode:
        for step in steps:
            _do(module, step)
    diff = [_diff(one, unit) for one, unit, own in planned if own]
    return {"changed": bool(steps), "acted": [" ".join(step) for step in steps], "diff": diff}


def _do(module: AnsibleModule, step: tuple[str, ...]) -> None:
    code, _, error = module.run_command(["systemctl", *step])
    if code:
        raise UnitError(
            f"Failed to {' '.join(step)}: {error.strip()}", f"`journalctl -u {step[-1]}` says more."
        )


def parse(text: str) -> list[Unit]:
    """Return the units of `systemctl show`, in the order they were asked for."""
    units = []
    for paragraph in text.strip().split("\n\n"):
        found = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        outdated = found.get("NeedDaemonReload") == "yes"
        units.append(Unit(found["LoadState"], found["ActiveState"], found.get("UnitFileState", ""), outdated))
    return units


def usable(wanted: Mapping[str, object], unit: Unit, check_mode: bool) -> bool:
    """Whether the unit can be what it shall be. One that is masked neither runs nor starts at boot."""
    if unit.loaded == "masked":
        return not wanted["enabled"] and wanted["state"] != "started"
    return unit.loaded == "loaded" or (check_mode and unit.loaded == "not-found")


def plan(wanted: Mapping[str, object], unit: Unit) -> Sequence[tuple[str, ...]]:
    """Return the verbs that make the unit what it shall be, each with its name."""
    name = str(wanted["name"])
    steps: list[tuple[str, ...]] = []
    enabled, state = wanted["enabled"], wanted["state"]
    if enabled is not None and enabled != unit.enabled and unit.file not in ("static", "masked"):
        steps.append(("enable" if enabled else "disable", name))
    if state is not None and (state == "started") != unit.running:
        steps.append(("start" if state == "started" else "stop", name))
    elif state == "started" and unit.outdated:
        steps.append(("restart", name))
    return steps


def _diff(wanted: Mapping[str, object], unit: Unit) -> dict[str, str]:
    name = str(wanted["name"])
    enabled = unit.enabled if wanted["enabled"] is None else wanted["enabled"]
    running = unit.running if wanted["state"] is None else wanted["state"] == "started"
    return {
        "before_header": name,
        "after_header": name,
        "before": f"enabled: {unit.enabled}\nrunning: {unit.running}\n",
        "after": f"enabled: {enabled}\nrunning: {running}\n",
    }


def main() -> None:
    run_module({"units": {"type": "list", "elements": "dict", "required": True, "options": OPTIONS}}, manage)


if __name__ == "__main__":
    main()
