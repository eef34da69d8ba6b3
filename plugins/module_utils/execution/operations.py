"""One operation on one resource: the call, the retries that AWS needs, and the wait until it is true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from ..errors import AirliftError, InterruptedRunError, OverdueError
from ..reconcile.diff import diff, resolve
from ..reconcile.model import Found, Value, Wanted, references
from ..reconcile.schedule import Operation, Verb
from ..resources.kind import Context, Kind
from .retries import is_in_use, is_there_already, is_transient, reply_lost

_FIRST_POLL_SECONDS = 0.2
_GROWTH = 1.6
_LONGEST_RETRY_SECONDS = 8.0
_LOOKS_IF_PERHAPS_MADE = 3
_CREATIONS = 3


@dataclass(slots=True)
class Worker:
    """Carries out operations. Safe for threads: each key's outputs are written by one operation only."""

    context: Context
    kinds: Mapping[str, Kind]
    outputs: dict[str, Mapping[str, str]]
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic

    def perform(self, operation: Operation) -> Found | None:
        """Do ``operation`` and wait until AWS says that it is done.

        Returns the resource, or None for a deletion. Raises what AWS raised, ``OverdueError``,
        ``NeverUsableError``, or ``InterruptedRunError`` if ``stopping`` is set while it waits.
        """
        step = operation.step
        kind = self.kinds[step.kind]
        if operation.verb is Verb.DELETE:
            assert step.found is not None
            self._delete(kind, step.found)
            return None
        assert step.wanted is not None
        properties = self._resolved(step.wanted)
        if operation.verb is Verb.CREATE:
            found = self._create(kind, step.wanted, properties, step.found)
        else:
            assert step.found is not None
            found = self._update(kind, step.found, properties)
        found = self._settle(kind, found)
        self.outputs[step.key] = found.outputs
        return found

    def _resolved(self, wanted: Wanted) -> dict[str, Value]:
        properties = {name: resolve(value, self.outputs) for name, value in wanted.properties.items()}
        missing = [f"{reference.output} of {reference.key}" for reference in references(properties)]
        if missing:
            raise AirliftError(f"it needs {' and '.join(missing)}, which AWS did not return")
        return properties

    def _create(
        self, kind: Kind, wanted: Wanted, properties: Mapping[str, Value], old: Found | None
    ) -> Found:
        """Create, unless it is there, by an earlier attempt or by a run before that AWS did not show us yet.

        ``old`` is the one that is being replaced: it may still be there, and is not what was made.
        """
        deadline = self.clock() + kind.consistency_seconds
        pause = _FIRST_POLL_SECONDS
        attempts = 0
        while True:
            try:
                return kind.create(self.context, wanted.key, properties)
            except Exception as error:
                perhaps_made = reply_lost(error) or is_there_already(error)
                attempts += perhaps_made
                again = attempts < _CREATIONS if perhaps_made else is_transient(kind, error)
                if not again or self.clock() >= deadline:
                    raise
                looks = _LOOKS_IF_PERHAPS_MADE if perhaps_made else 1
            for _look in range(looks):
                self._sleep(pause)
                pause = min(pause * _GROWTH, _LONGEST_RETRY_SECONDS)
                there = [one for one in kind.find(self.context, [wanted]) if one.key == wanted.key]
                made = [one for one in there if old is None or one.id != old.id]
                if made:
                    return self._update(kind, min(made, key=lambda one: one.id), properties)

    def _update(self, kind: Kind, found: Found, properties: Mapping[str, Value]) -> Found:
        """Change what differs, and only that: properties by the kind's update, tags by its tag."""
        compared = {name: value for name, value in properties.items() if name not in kind.schema.create_only}
        changes = diff(compared, found.properties, kind.schema.unordered)
        if changes:
            found = self._repeated(
                lambda: kind.update(self.context, found, properties, changes),
                partial(is_transient, kind),
                kind.consistency_seconds,
            )
        if found.tags is not None:
            tags = self.context.tags_for(found.key)
            stale = {name: value for name, value in tags.items() if found.tags.get(name) != value}
            if stale:
                self._repeated(
                    lambda: kind.tag(self.context, found, stale),
                    partial(is_transient, kind),
                    kind.consistency_seconds,
                )
        return found

    def _delete(self, kind: Kind, found: Found) -> None:
        self._repeated(
            lambda: kind.delete(self.context, found), partial(is_in_use, kind), kind.release_seconds
        )
        self._poll(
            kind.poll_seconds,
            kind.gone_seconds,
            f"{kind.name} {found.id} is still there",
            lambda: kind.gone(self.context, found) or None,
        )

    def _settle(self, kind: Kind, found: Found) -> Found:
        """Ask until the resource can be used. One that is not visible yet counts as not yet usable."""

        def ask() -> Found | None:
            try:
                return kind.settled(self.context, found)
            except Exception as error:
                if is_transient(kind, error):
                    return None
                raise

        complaint = f"{kind.name} {found.id} did not become usable"
        return self._poll(kind.poll_seconds, kind.timeout_seconds, complaint, ask)

    def _poll[T](self, every: float, seconds: float, complaint: str, ask: Callable[[], T | None]) -> T:
        started = self.clock()
        pause = _FIRST_POLL_SECONDS
        while True:
            answer = ask()
            if answer is not None:
                return answer
            if self.clock() - started >= seconds:
                raise OverdueError(f"{complaint} after {seconds} s")
            self._sleep(min(pause, every))
            pause *= _GROWTH

    def _repeated[T](self, call: Callable[[], T], worth: Callable[[Exception], bool], seconds: float) -> T:
        """Call until it succeeds, fails for good, or ``seconds`` have passed."""
        deadline = self.clock() + seconds
        pause = _FIRST_POLL_SECONDS
        while True:
            try:
                return call()
            except Exception as error:
                if not worth(error) or self.clock() >= deadline:
                    raise
            self._sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_RETRY_SECONDS)

    def _sleep(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise InterruptedRunError("The run was asked to stop.")
