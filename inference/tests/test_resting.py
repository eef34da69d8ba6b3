"""A release that failed lately is left alone; what serves meanwhile is not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from inference.agent.airlift_agent import run
from inference.agent.airlift_agent.config import Config
from inference.agent.airlift_agent.delivery.release import canonical
from inference.agent.airlift_agent.state import Action, Colour, Limit, Observed

from .test_plan import OLD_LIMIT, RELEASE, RELOADED, SERVES_OLD


class Aws:
    """Where the wanted release is written."""

    def __init__(self, *_: object) -> None:
        pass

    def parameter(self, _name: str) -> tuple[str, float]:
        return canonical(RELEASE.document()), 3600.0


@pytest.mark.parametrize(
    ("limit", "done"),
    [(RELOADED, [Limit(Colour.BLUE, OLD_LIMIT)]), (OLD_LIMIT, [])],
    ids=["reloaded", "as it was"],
)
def test_a_resting_release_does_not_keep_what_serves_from_its_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: int, done: list[Action]
) -> None:
    acted: list[Action] = []

    class Host:
        """A host that serves the older release."""

        def __init__(self, *_: object) -> None:
            pass

        def observe(self) -> Observed:
            return Observed(
                live=SERVES_OLD.live,
                live_limit=SERVES_OLD.live_limit,
                containers=SERVES_OLD.containers,
                limits={Colour.BLUE: limit},
            )

        def act(self, action: Action) -> None:
            acted.append(action)

    monkeypatch.setattr(run, "Aws", Aws)
    monkeypatch.setattr(run, "Host", Host)
    failed = {"tried": RELEASE.id, "failures": 3, "at": time.time(), "error": "it does not start"}
    (tmp_path / "status.json").write_text(json.dumps(failed))
    config = Config(stack="demo", region="us-east-1", state_directory=str(tmp_path))
    outcome = run.apply(config, scheduled=True, progress=lambda _: None)
    assert acted == done
    assert (outcome.changed, outcome.actions) == (bool(done), tuple("limit blue" for _ in done))
    assert json.loads((tmp_path / "status.json").read_text()) == failed, "it goes on resting"
