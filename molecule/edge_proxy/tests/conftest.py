"""The edge, its engines and its keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator

import pytest
from edge_client import BLUE, COLOURS, MAPS, MODEL, Edge
from host_address import host_address
from testinfra.host import Host

# More than a module has tests.
KEYS = 80


@pytest.fixture(scope="module")
def address(host: Host) -> str:
    """Where the load balancer would find the host."""
    return host_address(host)


@pytest.fixture
def edge(host: Host, address: str) -> Edge:
    """The edge: both colours take two requests each, one model is known; engines as they were left."""
    edge = Edge(host, address)
    ready = [f"set server engine/{colour} state ready" for colour in COLOURS.values()]
    # As the release agent does. A limit that tests can reach.
    ready += [f"set maxconn server engine/{colour} 2" for colour in COLOURS.values()]
    if "found=yes" not in edge.tell("; ".join([*ready, f"get map {MAPS}/models.map {MODEL}"])):
        edge.remember("models.map", MODEL, "1")
    return edge


@pytest.fixture
def silent(edge: Edge) -> Edge:
    """The edge with no engine behind it."""
    edge.run_engines()
    return edge


@pytest.fixture
def blue(edge: Edge) -> Edge:
    """The edge with one engine, in blue."""
    edge.run_engines(BLUE)
    return edge


@pytest.fixture
def new_key(edge: Edge) -> Callable[[str], str]:
    """Make a key and let it in, as the release agent does: in the file and in the running process."""

    def make(key_id: str) -> str:
        key = f"al-{secrets.token_urlsafe(32)}"
        edge.remember("keys.map", hashlib.sha256(key.encode()).hexdigest(), key_id)
        return key

    return make


@pytest.fixture(scope="module")
def keys(host: Host, address: str) -> Iterator[str]:
    """Keys that are let in, each with a rate of its own: many at once, since each call costs a second."""
    made = [f"al-{secrets.token_urlsafe(32)}" for _ in range(KEYS)]
    entries = {hashlib.sha256(key.encode()).hexdigest(): f"key-{key[-8:]}" for key in made}
    Edge(host, address).remember_all("keys.map", entries)
    return iter(made)


@pytest.fixture
def key(keys: Iterator[str]) -> str:
    """A key that is let in, with a rate of its own."""
    return next(keys)
