"""The edge, its engines and its keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import pytest
from edge_client import BLUE, COLOURS, GREEN, MAPS, MODEL, Edge
from testinfra.host import Host


@pytest.fixture
def edge(host: Host) -> Edge:
    """The edge, with both colours ready and one model known; engines as the last test left them."""
    edge = Edge(host)
    edge.tell("; ".join(f"set server engine/{colour} state ready" for colour in COLOURS.values()))
    if "found=yes" not in edge.tell(f"get map {MAPS}/models.map {MODEL}"):
        host.check_output(f"echo '{MODEL} 1' > {MAPS}/models.map")
        edge.tell(f"add map {MAPS}/models.map {MODEL} 1")
    return edge


@pytest.fixture
def silent(edge: Edge) -> Edge:
    """The edge with no engine behind it."""
    for port in COLOURS:
        edge.stop_engine(port)
    return edge


@pytest.fixture
def blue(edge: Edge) -> Edge:
    """The edge with one engine, in blue."""
    edge.start_engine(BLUE)
    edge.stop_engine(GREEN)
    return edge


@pytest.fixture
def new_key(edge: Edge) -> Callable[[str], str]:
    """Make a key and let it in, as the release agent does: in the file and in the running process."""

    def make(key_id: str) -> str:
        key = f"al-{secrets.token_urlsafe(32)}"
        entry = f"{hashlib.sha256(key.encode()).hexdigest()} {key_id}"
        edge.host.check_output(f"echo '{entry}' >> {MAPS}/keys.map")
        edge.tell(f"add map {MAPS}/keys.map {entry}")
        return key

    return make


@pytest.fixture
def key(new_key: Callable[[str], str]) -> str:
    """A key that is let in."""
    return new_key("default")
