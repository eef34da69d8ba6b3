"""Who works on a stack, and who did what before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from ..module_utils.arguments import RUNS_CLASSES, connection
from ..plugin_utils.in_process_action import InProcessAction


class ActionModule(InProcessAction):
    """The task ``airlift.stack.stack_runs``; documented with the module of its name."""

    declared: ClassVar[tuple[type[object], ...]] = RUNS_CLASSES

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look at the lock and the audit."""
        from ..module_utils import audit  # noqa: PLC0415 - loading these takes half a second
        from ..module_utils.aws.session import Session  # noqa: PLC0415
        from ..module_utils.stack_lock import StackLock  # noqa: PLC0415

        session = Session(connection(arguments))
        lease = StackLock(session.client("ssm"), arguments["name"]).read()
        holder = lease.holder if lease is not None and not lease.may_be_taken else None
        shown = ("purpose", "principal", "where", "since")
        return {
            "changed": False,
            "at_work": {name: getattr(holder, name) for name in shown} if holder is not None else None,
            "runs": [asdict(one) for one in audit.recent(session, arguments["name"], arguments["count"])],
        }
