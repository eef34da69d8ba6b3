"""The thread that lets each plane close its gap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from localcloud.log import logger
from localcloud.plane import Plane

LOG = logger("reconciler")
PERIOD_SECONDS = 1.0
GATHER_SECONDS = 0.02
"""Requests that come this close together are served by one round."""


class Reconciler:
    """Runs `before` and then every plane's `reconcile`, when woken and at least once a second."""

    def __init__(self, before: Callable[[], None]) -> None:
        self._before = before
        self._planes: Sequence[Plane] = ()
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._first_round = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self.errors: dict[str, str] = {}
        """Plane → what its last round failed with; empty when all is well."""

    def start(self, planes: Sequence[Plane]) -> None:
        """Begin, and return after the first round."""
        self._planes = planes
        self._thread.start()
        self._first_round.wait()

    def wake(self) -> None:
        """Ask for a round soon."""
        self._woken.set()

    def stop(self) -> None:
        """End after the round that runs now."""
        self._ended.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.clear()
            self._attempt("listeners", self._before)
            for plane in self._planes:
                self._attempt(plane.name, plane.reconcile)
            self._first_round.set()
            if self._woken.wait(PERIOD_SECONDS):
                self._ended.wait(GATHER_SECONDS)

    def _attempt(self, name: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            if self.errors.get(name) != repr(error):
                LOG.exception("%s could not be reconciled and is tried again", name)
            self.errors[name] = repr(error)
        else:
            if self.errors.pop(name, None):
                LOG.info("%s is reconciled again", name)
