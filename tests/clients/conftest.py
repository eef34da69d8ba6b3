"""An edge with a scripted engine, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.edge import Edge, edge


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge(tmp_path_factory.mktemp("edge")) as running, running.engine():
        yield running
