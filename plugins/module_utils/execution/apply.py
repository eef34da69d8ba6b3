"""Runs a schedule: every operation on a thread of its own, the moment what it needs is done."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..aws.errors import call_error
from ..aws.session import THREADS
from ..errors import CallError, InterruptedRunError
from ..reconcile.model import Found
from ..reconcile.schedule import Operation, Schedule, Verb
from ..resources.kind import Kind
from .operations import Worker
from .progress import Progress

_TICK_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Outcome:
    """What a run did. ``seconds`` is by operation; ``waiting`` lists what never started."""

    done: list[Operation] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)
    failures: list[CallError] = field(default_factory=list)
    waiting: list[Operation] = field(default_factory=list)
    running: list[Operation] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Ended:
    operation: Operation
    found: Found | None
    error: Exception | None
    seconds: float


class Apply:
    """One run of one schedule."""

    def __init__(self, schedule: Schedule, worker: Worker, progress: Progress) -> None:
        """Nothing runs before ``run``."""
        self._schedule = schedule
        self._worker = worker
        self._progress = progress
        self._parent = os.getppid()
        self._ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._started: dict[str, float] = {}
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._abandoned: list[Operation] = []
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Carry out everything that can be, and return when nothing runs any more.

        An interruption (SIGINT, SIGTERM, or the end of the process that would hear the result) starts nothing
        new and gives what runs half a minute.
        """
        operations = self._schedule.operations
        self._progress.begin(len(operations))
        with _interruptible(self._interrupt):
            give_up = 0.0
            while True:
                if not self._worker.stopping.is_set():
                    self._start()
                elif not give_up:
                    give_up = time.monotonic() + _PATIENCE_SECONDS
                if not self._running() or (give_up and time.monotonic() > give_up):
                    break
                self._collect()
        outcome = self.outcome
        outcome.interrupted = self._worker.stopping.is_set()
        outcome.running = [*self._abandoned, *(operations[name] for name in self._running())]
        outcome.waiting = [one for name, one in operations.items() if name not in self._started]
        return outcome

    def _interrupt(self) -> None:
        """Called by a signal: speak at once, whoever listens may be gone in a moment."""
        if not self._worker.stopping.is_set():
            self._worker.stopping.set()
            self._progress.interrupted()

    def _running(self) -> list[str]:
        return [name for name in self._started if name not in self._done | self._failed]

    def _start(self) -> None:
        """Start what can start, as far as there are threads: daemons, as a hanging call must hold no exit."""
        room = THREADS - len(self._running())
        for operation in self._schedule.startable(self._done, self._started)[:room]:
            self._started[operation.id] = time.monotonic()
            kind = self._kind(operation)
            usual = 0 if operation.verb is Verb.DELETE else kind.expected_seconds
            self._progress.started(operation.id, operation.verb, kind.name, operation.step.key, usual)
            threading.Thread(target=self._perform, args=(operation,), daemon=True, name=operation.id).start()

    def _perform(self, operation: Operation) -> None:
        """Run on a thread: do it, and put what became of it into the queue."""
        found: Found | None = None
        error: Exception | None = None
        try:
            found = self._worker.perform(operation)
        except Exception as caught:
            error = caught
        seconds = time.monotonic() - self._started[operation.id]
        self._ended.put(_Ended(operation, found, error, seconds))

    def _collect(self) -> None:
        """Wait a moment for an operation to end, and book it."""
        try:
            ended = self._ended.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            self._progress.tick()
            if os.getppid() != self._parent:
                self._worker.stopping.set()
            return
        operation = ended.operation
        self.outcome.seconds[operation.id] = round(ended.seconds, 2)
        if ended.error is None:
            self._done.add(operation.id)
            self.outcome.done.append(operation)
            if ended.found is not None:
                self.outcome.found[operation.step.key] = ended.found
            self._progress.done(operation.id)
            return
        self._failed.add(operation.id)
        if isinstance(ended.error, InterruptedRunError):
            self._progress.abandoned(operation.id)
            self._abandoned.append(operation)
            return
        kind = self._kind(operation)
        what = f"{kind.name} {operation.step.key}"
        failure = call_error(ended.error, operation.verb, what, self._worker.context.region)
        self.outcome.failures.append(failure)
        self._progress.failed(operation.id, str(failure))

    def _kind(self, operation: Operation) -> Kind:
        kinds: Mapping[str, Kind] = self._worker.kinds
        return kinds[operation.step.kind]


@contextlib.contextmanager
def _interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into ``interrupt`` for a while. Outside of the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: interrupt()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
