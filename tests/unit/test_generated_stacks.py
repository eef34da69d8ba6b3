"""Whatever a stack is configured with, an owner reads sentences: no traceback, no secret."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.unit.generated_stacks import CONFIGURATIONS, SECRET, judge


@given(CONFIGURATIONS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_configuration_is_judged_in_words(configuration: dict[str, Any]) -> None:
    said = judge(configuration)
    assert said is None or (said.strip() and SECRET not in said and "Traceback" not in said)
