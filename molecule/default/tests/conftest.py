"""Two hosts side by side."""

from __future__ import annotations

import pytest
from by_host import ByHost
from xdist.remote import Producer


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByHost:
    """Have hosts tested side by side."""
    return ByHost(config, log)
