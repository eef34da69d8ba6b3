"""What to do for one instance, from its state in EC2 and its container: pure."""

from __future__ import annotations

from enum import Enum, auto


class Found(Enum):
    """The instance's container."""

    NONE = auto()
    EXITED = auto()
    RUNNING = auto()


class Step(Enum):
    """The next thing to do."""

    NOTHING = auto()
    CREATE = auto()
    START = auto()
    WATCH = auto()
    """See whether it has booted."""
    FAIL = auto()
    """It ended while it booted."""
    BURY = auto()
    """It ended by itself: a reboot, a shutdown or a death."""
    STOP = auto()
    STOPPED = auto()
    REMOVE = auto()
    TERMINATED = auto()


TABLE = {
    ("pending", Found.NONE): Step.CREATE,
    ("pending", Found.EXITED): Step.START,
    ("pending", Found.RUNNING): Step.WATCH,
    ("running", Found.NONE): Step.BURY,
    ("running", Found.EXITED): Step.BURY,
    ("stopping", Found.NONE): Step.STOPPED,
    ("stopping", Found.EXITED): Step.STOPPED,
    ("stopping", Found.RUNNING): Step.STOP,
    ("stopped", Found.RUNNING): Step.STOP,
    ("shutting-down", Found.NONE): Step.TERMINATED,
    ("shutting-down", Found.EXITED): Step.REMOVE,
    ("shutting-down", Found.RUNNING): Step.REMOVE,
    ("terminated", Found.EXITED): Step.REMOVE,
    ("terminated", Found.RUNNING): Step.REMOVE,
}


def decide(state: str, found: Found, booting: bool) -> Step:
    """The next step; `booting` says that its container was started and has not answered yet."""
    step = TABLE.get((state, found), Step.NOTHING)
    if booting and step in (Step.START, Step.CREATE):
        return Step.FAIL
    return step
