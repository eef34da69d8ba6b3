"""Starts commands and knows how they go."""

from __future__ import annotations

import threading
from typing import Any

from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend

from localcloud.backends import instance_tags
from localcloud.log import logger
from localcloud.managed import managed
from localcloud.plane import Context, Plane
from localcloud.runcommand.api import install
from localcloud.runcommand.commands import Invocation, Request, RunCommand
from localcloud.runcommand.requests import choose_instances
from localcloud.runcommand.shell import Job, run

AT_ONCE = 16
"""Scripts that run at the same time, over all commands."""
_log = logger("runcommand")


class RunCommandPlane(Plane):
    """SSM's data plane."""

    name = "runcommand"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._slots = threading.Semaphore(AT_ONCE)
        self._commands: dict[str, RunCommand] = {}

    def patch(self) -> None:
        """Make commands run, and instances known to SSM."""
        install(self)

    def stop(self) -> None:
        """Cancel what runs."""
        for command in list(self._commands.values()):
            for invocation in command.invocations:
                invocation.cancelled.set()

    def send(
        self, backend: SimpleSystemManagerBackend, request: Request, instance_ids: list[str]
    ) -> RunCommand:
        """Start a command and return at once."""
        running = managed(backend.region_name)
        chosen = choose_instances(instance_ids, request.targets, running, instance_tags)
        command = RunCommand(request, chosen)
        self._commands[command.command_id] = command
        backend._commands.append(command)  # type: ignore[arg-type]  # it answers what moto's does
        for invocation in command.invocations:
            thread = threading.Thread(
                target=self._execute,
                args=(invocation, request),
                name=f"ssm-{command.command_id}",
                daemon=True,
            )
            thread.start()
        return command

    def invocations(self, backend: SimpleSystemManagerBackend, command_id: str | None) -> list[Invocation]:
        """Invocations of one command or, latest first, of all in a region."""
        commands = [backend.get_command_by_id(command_id)] if command_id else reversed(backend._commands)
        return [item for command in commands for item in self._commands[command.command_id].invocations]

    def invocation(
        self, backend: SimpleSystemManagerBackend, command_id: str, instance_id: str
    ) -> dict[str, Any]:
        """The answer of GetCommandInvocation."""
        for item in self.invocations(backend, command_id):
            if item.instance_id == instance_id:
                return item.detail()
        raise SSMException("InvocationDoesNotExist", f"{command_id} was not sent to {instance_id}.")

    def cancel(self, backend: SimpleSystemManagerBackend, command_id: str, instance_ids: list[str]) -> None:
        """Stop a command, on some instances or all."""
        for item in self.invocations(backend, command_id):
            if not instance_ids or item.instance_id in instance_ids:
                item.cancelled.set()

    def _execute(self, invocation: Invocation, request: Request) -> None:
        with self._slots:
            invocation.begin()
            job = Job(
                container=self.settings.container_name(invocation.instance_id),
                unit=f"ssm-{invocation.command_id}",
                script="\n".join(request.commands) + "\n",
                directory=request.directory,
                timeout_seconds=request.execution_seconds,
                delivery_seconds=request.delivery_seconds,
            )
            outcome = run(job, invocation.cancelled)
            invocation.end(outcome)
        _log.info(
            "command %s on %s: %s, exit code %d",
            invocation.command_id,
            invocation.instance_id,
            outcome.details,
            outcome.code,
        )
