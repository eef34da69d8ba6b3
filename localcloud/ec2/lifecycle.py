"""States that take time: moto changes an instance's state at once, EC2 when the machine has followed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.responses.general import General

from localcloud.backends import STATE_CODES, STATE_LOCK
from localcloud.moto_corrections import Method, wrap

SETTLED = {"stop": ("stopping", "stopped"), "terminate": ("shutting-down", "terminated")}


def patch(console: Callable[[str], bytes], reboot: Callable[[str], None]) -> None:
    """Make EC2's states wait for the machine.

    `console` gives an instance's console; `reboot` is told which instance to reboot.
    """
    wrap(Instance, "__init__", _begins_pending)
    wrap(Instance, "start", _starts)
    wrap(Instance, "stop", lambda original: _ends(original, *SETTLED["stop"]))
    wrap(Instance, "terminate", lambda original: _ends(original, *SETTLED["terminate"]))
    wrap(Instance, "reboot", lambda _: lambda self: reboot(self.id))
    wrap(General, "get_console_output", lambda _: lambda self: _console_output(self, console))


def _enter(instance: Instance, state: str) -> None:
    instance._state = InstanceState(state, STATE_CODES[state])


def _begins_pending(original: Method) -> Method:
    def init(self: Instance, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        _enter(self, "pending")

    return init


def _starts(original: Method) -> Method:
    def start(self: Instance) -> InstanceState:
        with STATE_LOCK:
            before = self._state
            if before.name == "stopped":
                original(self)
                _enter(self, "pending")
            return InstanceState(before.name, before.code)

    return start


def _ends(original: Method, under_way: str, ended: str) -> Method:
    """Asking again for what is under way or done changes nothing."""

    def end(self: Instance) -> InstanceState:
        with STATE_LOCK:
            before = InstanceState(self._state.name, self._state.code)
            if before.name not in (under_way, ended, *SETTLED["terminate"]):
                original(self)
                _enter(self, under_way)
            return before

    return end


def _console_output(self: General, console: Callable[[str], bytes]) -> ActionResult:
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    text = base64.b64encode(console(instance.id)).decode()
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": text})
