"""Two runs started within the same second, again and again: one stack each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cloud import served
from tests.integration.counting_moto import forget
from tests.integration.test_stack_lock import together

TIMES = 20


@pytest.mark.timeout(1800)
def test_one_stack_each_time(tmp_path: Path) -> None:
    refused = 0
    with served(tmp_path) as cloud:
        for _ in range(TIMES):
            forget()
            refused += together(cloud)
    assert refused, "no two of them met"
    print(f"{TIMES} times two runs, {refused} of them refused")
