"""A process that holds a stack's lock for another: takes it, renews the lease, gives it back.

It outlives a worker that is killed and a terminal that is closed. Only where it is killed too, or the
machine stops, the lease has to end by itself. ``held_lock`` starts it: an order comes in on its standard
input as one line of JSON, and its answer is one line. The lock is given back when the process that works has
ended; for a task also when the standard input is closed. A lock that is lost ends the process that works.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import select
import signal
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from ..module_utils.arguments import connection
from ..module_utils.aws.session import Session
from ..module_utils.errors import AirliftError, LockedError
from ..module_utils.processes import Process, is_alive, process, user_and_host
from ..module_utils.stack_lock import RENEW_SECONDS, Holder, StackLock

_TICK_SECONDS = 0.5
_GIVE_UP_SECONDS = 85
"""After so long without a renewal it is given up: half a minute before another may take it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to hold: ``connection`` are the arguments of a module; ``run`` is ansible-playbook itself.

    ``worker`` is who works: a task's process, or ``run`` where the lock is held until that ends.
    """

    connection: dict[str, Any]
    stack: str
    purpose: str
    wait_seconds: float
    run: Process
    worker: Process

    def as_line(self) -> str:
        """Return the order as the keeper reads it."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Order:
        """Read an order."""
        raw = json.loads(line)
        return cls(**{**raw, "run": Process(**raw["run"]), "worker": Process(**raw["worker"])})


def keep(order: Order) -> None:
    """Take the lock and hold it until it is no longer needed. What is wrong is said, not raised."""
    try:
        session = Session(connection(order.connection), hurried=True)
        lock = StackLock(session.client("ssm"), order.stack)
        holder = _holder(order, session)
        taken_over = lock.take(holder, order.wait_seconds)
    except Exception as error:
        _say({"error": str(error) or repr(error), "locked": isinstance(error, LockedError)})
        return
    _say({"taken_over": taken_over})
    try:
        _renew(order, lock, holder)
    except LockedError as error:
        _say({"error": str(error), "locked": True})
        with contextlib.suppress(ProcessLookupError):
            os.kill(order.worker.pid, signal.SIGTERM)
        return
    with contextlib.suppress(AirliftError):
        lock.give_back(holder, for_good=order.purpose == "destroy")


def _holder(order: Order, session: Session) -> Holder:
    now = datetime.datetime.now(datetime.UTC)
    return Holder(
        principal=session.verify_access().arn,
        where=f"{user_and_host()} (process {order.run.pid})",
        purpose=order.purpose,
        since=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        run=order.run,
        keeper=process(os.getpid()),
    )


def _renew(order: Order, lock: StackLock, holder: Holder) -> None:
    """Renew until the lock is no longer needed. Raises ``LockedError`` where it is lost.

    A renewal that fails for another reason is tried again until the lease would have ended.
    """
    renewed = tried = time.monotonic()
    while _is_needed(order):
        if time.monotonic() - tried < RENEW_SECONDS:
            continue
        tried = time.monotonic()
        try:
            lock.renew(holder)
            renewed = tried
        except LockedError:
            raise
        except AirliftError as error:
            if time.monotonic() - renewed > _GIVE_UP_SECONDS:
                raise LockedError(f"The lock of stack {order.stack} could not be renewed: {error}") from error


def _is_needed(order: Order) -> bool:
    """Wait a moment; return whether somebody still works."""
    if order.worker == order.run:
        time.sleep(_TICK_SECONDS)
    elif select.select([sys.stdin], [], [], _TICK_SECONDS)[0]:
        return False
    return is_alive(order.worker)


def _say(answer: dict[str, object]) -> None:
    """Answer, if anybody still listens."""
    with contextlib.suppress(OSError):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    # The terminal's Ctrl-C is for the run: it ends, and then this does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(Order.from_line(sys.stdin.readline()))
