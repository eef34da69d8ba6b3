"""Holding a stack's lock for a task, or for a whole run of ansible-playbook (ADR 0019)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.session import Session
from ..module_utils.errors import AirliftError, LockedError
from ..module_utils.processes import is_alive, process
from ..module_utils.stack_lock import StackLock
from . import lock_keeper
from .lock_keeper import Order

_COLLECTIONS = Path(lock_keeper.__file__).parents[5]


@contextlib.contextmanager
def held_by_task(order: Order) -> Iterator[str | None]:
    """Hold the lock until the block ends; give from whom it was taken over, if so.

    Where the order's run holds it already, nothing is done. Raises ``LockedError``, also at the end of the
    block where the lock was lost within.
    """
    if _is_held(order):
        yield None
        return
    keeper, taken_over = _start(order)
    assert keeper.stdin is not None and keeper.stdout is not None
    try:
        yield taken_over
    finally:
        keeper.stdin.close()
        rest = keeper.stdout.read()
        keeper.wait()
    if rest:
        raise LockedError(json.loads(rest)["error"])


def hold_for_run(order: Order) -> str | None:
    """Hold the lock until the order's run ends; return from whom it was taken over, if so.

    Raises ``LockedError``.
    """
    return None if _is_held(order) else _start(order)[1]


def order(arguments: dict[str, Any], stack: str, purpose: str, *, for_run: bool) -> Order:
    """Return the order of an action: its process works for ansible-playbook, which is its parent."""
    run = process(os.getppid())
    return Order(
        connection={name: arguments.get(name) for name in CONNECTION},
        stack=stack,
        purpose=purpose,
        wait_seconds=arguments["lock_wait_seconds"],
        run=run,
        worker=run if for_run else process(os.getpid()),
    )


def _is_held(order: Order) -> bool:
    lease = StackLock(Session(connection(order.connection)).client("ssm"), order.stack).read()
    holder = lease.holder if lease is not None else None
    return holder is not None and holder.run == order.run and is_alive(holder.keeper)


def _start(order: Order) -> tuple[subprocess.Popen[str], str | None]:
    """Start the keeper and wait until it has the lock. The order holds secrets: it goes through a pipe."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", lock_keeper.__name__],
        env={**os.environ, "PYTHONPATH": f"{_COLLECTIONS}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert keeper.stdin is not None and keeper.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        keeper.stdin.write(order.as_line())
        keeper.stdin.flush()
    line = keeper.stdout.readline()
    if not line:
        raise AirliftError("The process that holds the stack's lock did not start.", "Run `make setup`.")
    answer = json.loads(line)
    if "error" in answer:
        raise (LockedError if answer["locked"] else AirliftError)(answer["error"])
    return keeper, answer["taken_over"]
