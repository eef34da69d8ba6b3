"""Checks, on the controller, what every role has to know before it changes a host."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.role_preflight import (
    SUBSETS,
    System,
    misspelt_sentence,
    subsets,
    system_sentence,
    unknown_variables,
)


class ActionModule(ActionBase):
    """Documented with the module of its name."""

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True

    spec: ClassVar[dict[str, Any]] = {
        "facts": {
            "type": "list",
            "elements": "str",
            "default": [],
            "choices": sorted(fact for facts in SUBSETS.values() for fact in facts),
        },
        "purpose": {"type": "str"},
        "reason": {"type": "str", "default": "the role is tested on"},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        _result, options = self.validate_argument_spec(argument_spec=self.spec)
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        if "role_path" not in variables:
            raise AnsibleActionFail(
                "Failed to check a role: there is none here. Use role_preflight in a role."
            )
        host = variables["inventory_hostname"]
        _check_names(Path(variables["role_path"]), host, variables)
        facts = dict(variables.get("ansible_facts", {}))
        wanted = [*options["facts"], *(System.FACTS if options["purpose"] else ())]
        gathered = self._gather(subsets(wanted, facts), task_vars)
        facts |= {name.removeprefix("ansible_"): value for name, value in gathered.items()}
        if options["purpose"]:
            system = System.from_facts(facts)
            refusal = system_sentence(options["purpose"], options["reason"], host, system)
            if refusal:
                raise AnsibleActionFail(refusal)
        return result | {"changed": False} | ({"ansible_facts": gathered} if gathered else {})

    def _gather(self, wanted: list[str], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        if not wanted:
            return {}
        arguments = {"gather_subset": ["!all", "!min", *wanted]}
        answer = self._execute_module("ansible.builtin.setup", arguments, task_vars=task_vars)
        if answer.get("failed"):
            raise AnsibleActionFail(f"Failed to gather facts: {answer.get('msg', answer)}")
        facts: dict[str, Any] = answer["ansible_facts"]
        return facts


def _check_names(path: Path, host: str, names: Iterable[str]) -> None:
    known = set(yaml.safe_load((path / "defaults/main.yml").read_text(encoding="utf-8")))
    unknown = unknown_variables(path.name, names, known)
    if unknown:
        raise AnsibleActionFail(misspelt_sentence(path.name, host, unknown, known))
