"""Requests to the docker-registry on its loopback port."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT_SECONDS = 60
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "host"}
)


@dataclass(frozen=True)
class Answer:
    """A response with its whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    said_length: int | None = None
    """What the answer to HEAD says of the body that it does not have."""

    @property
    def length(self) -> int:
        """Of the body in bytes."""
        return len(self.body) if self.said_length is None else self.said_length


def basic(user: str, password: str) -> str:
    """An Authorization header's value."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class RegistryClient:
    """Sends requests to the registry on `127.0.0.1:port`."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """One request. Raises OSError when the registry does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(method, path, body=body, headers=kept)
            response = connection.getresponse()
            content = response.read()
            found = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
            length = response.getheader("Content-Length") if method == "HEAD" else None
            return Answer(response.status, tuple(found), content, int(length) if length else None)
        finally:
            connection.close()
