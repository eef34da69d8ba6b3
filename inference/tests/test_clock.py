"""A host's clock may step. What was written down in a time that is no more holds nothing back."""

from __future__ import annotations

import pytest

from inference.agent.airlift_agent import record

from .test_plan import RELEASE

NOW = 1_800_000_000.0
DAY = 86_400


@pytest.mark.parametrize(
    ("failed_at", "rests"),
    [
        pytest.param(NOW - 30, True, id="it failed half a minute ago"),
        pytest.param(NOW - 61, False, id="it failed a minute ago"),
        pytest.param(NOW + 5, False, id="it failed in the future: the clock went back"),
        pytest.param(NOW + DAY, False, id="it failed tomorrow"),
        pytest.param(NOW - DAY, False, id="the clock went forward"),
    ],
)
def test_a_release_rests_only_after_a_failure_in_the_past(failed_at: float, rests: bool) -> None:
    status = {"tried": RELEASE.id, "failures": 1, "at": failed_at}
    assert record.resting(status, RELEASE, now=NOW) is rests
