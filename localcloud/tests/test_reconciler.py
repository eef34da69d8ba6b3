"""The reconciler runs when woken and all the same, and one plane's failure is its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.plane import Plane
from localcloud.reconciler import Reconciler
from localcloud.server import make_planes
from localcloud.settings import Settings
from localcloud.tests.clouds import wait_for


class Counting(Plane):
    name = "counting"
    rounds = 0

    def reconcile(self) -> None:
        self.rounds += 1


class Failing(Plane):
    name = "failing"
    broken = True

    def reconcile(self) -> None:
        if self.broken:
            raise OSError("broken on purpose")


@pytest.fixture
def reconciler() -> Iterator[Reconciler]:
    reconciler = Reconciler(lambda: None)
    yield reconciler
    reconciler.stop()


def test_it_runs_when_woken_and_once_a_second(
    reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.reconciler.PERIOD_SECONDS", 60.0)
    (plane,) = make_planes(Settings(), (Counting,), reconciler)
    assert isinstance(plane, Counting)
    reconciler.start([plane])
    assert plane.rounds == 1
    plane.context.wake()
    wait_for(lambda: plane.rounds == 2, 5, "a second round")


def test_it_runs_without_being_woken(reconciler: Reconciler) -> None:
    (plane,) = make_planes(Settings(), (Counting,), reconciler)
    assert isinstance(plane, Counting)
    reconciler.start([plane])
    wait_for(lambda: plane.rounds >= 3, 10, "rounds by themselves")


def test_a_failing_plane_stops_no_other_and_recovers(reconciler: Reconciler) -> None:
    failing, counting = make_planes(Settings(), (Failing, Counting), reconciler)
    assert isinstance(failing, Failing)
    assert isinstance(counting, Counting)
    reconciler.start([failing, counting])
    assert "broken on purpose" in reconciler.errors["failing"]
    assert counting.rounds >= 1
    failing.broken = False
    reconciler.wake()
    wait_for(lambda: not reconciler.errors, 5, "no error any more")
