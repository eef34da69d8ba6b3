"""What is on this machine is asked without the proxy that the environment names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session

from localcloud import daemon
from localcloud.settings import Settings
from tests.integration.cloud import ACCESS_KEY, REGION, SECRET_KEY, Cloud, served


@pytest.fixture
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A proxy that nobody answers at: the port is taken, and not listened on."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, url)
        yield url


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with served(tmp_path) as cloud:
        yield cloud


def session(endpoint_url: str | None) -> Session:
    return Session(Connection(REGION, None, endpoint_url, ACCESS_KEY, SECRET_KEY))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_embedded_aws_is_asked_directly(cloud: Cloud, dead_proxy: str, host: str) -> None:
    url = cloud.url.replace("127.0.0.1", host)
    assert session(url).verify_access().account_id == "123456789012"


def test_so_it_is_where_the_environment_names_it(
    cloud: Cloud, dead_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    assert session(None).verify_access().account_id == "123456789012"


def test_aws_itself_is_asked_through_the_proxy(dead_proxy: str) -> None:
    for url in (None, "http://192.0.2.1:4566"):
        assert session(url).client("ec2").meta.config.proxies is None


def test_localcloud_asks_its_own_server_directly(cloud: Cloud, dead_proxy: str) -> None:
    port = int(cloud.url.rpartition(":")[2])
    assert daemon.health(Settings(port=port)) is not None
