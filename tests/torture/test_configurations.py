"""A thousand configurations more than the unit tests try."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.generated_stacks import CONFIGURATIONS, SECRET, judge


@pytest.mark.timeout(1800)
@given(CONFIGURATIONS)
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_configuration_is_judged_in_words(configuration: dict[str, Any]) -> None:
    said = judge(configuration)
    assert said is None or (said.strip() and SECRET not in said and "Traceback" not in said)
