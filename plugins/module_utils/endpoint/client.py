"""Requests to an OpenAI-compatible endpoint. Standard library only; where the URL has TLS, it is verified."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit


class Message(TypedDict):
    """One message of a chat."""

    role: str
    content: str


class Chat(TypedDict):
    """The body of a request for a chat completion."""

    model: str
    messages: Sequence[Message]
    max_tokens: int
    temperature: float
    stream: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A response read to its end. ``arrivals`` are the seconds after the request at which each line came."""

    status: int
    headers: Mapping[str, str]
    lines: Sequence[str]
    arrivals: Sequence[float]
    seconds: float

    def json(self) -> object:
        """Return the body as JSON, or None where it is none."""
        try:
            return json.loads("".join(self.lines))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint by its base URL (``https://airlift.test/v1``).

    ``connect_to`` is the host name or address to dial instead of the URL's, whose certificate is still
    expected: a load balancer can be asked before the domain's DNS record exists. ``ca_file`` replaces the
    system's authorities.
    """

    url: str
    connect_to: str | None = None
    ca_file: Path | None = None
    timeout_seconds: float = 60.0
    plain_port: int = 80

    def get(self, path: str, key: str | None = None) -> Answer:
        """Return the answer to a GET of ``path`` below the base URL. Raises OSError where none comes."""
        return self._ask("GET", path, key, None)

    def chat(self, chat: Chat, key: str | None = None) -> Answer:
        """Return the answer to a chat completion. Raises OSError where none comes."""
        return self._ask("POST", "/chat/completions", key, json.dumps(chat).encode())

    def plain(self) -> Answer:
        """Return the answer to the base URL over HTTP without TLS, on ``plain_port``."""
        parts = urlsplit(self.url)
        connection = HTTPConnection(
            self.connect_to or parts.hostname or "", self.plain_port, timeout=self.timeout_seconds
        )
        with closing(connection):
            return _exchange(connection, "GET", parts.path or "/", {"Host": parts.hostname or ""}, None)

    def _ask(self, method: str, path: str, key: str | None, body: bytes | None) -> Answer:
        parts = urlsplit(self.url)
        headers = {"Content-Type": "application/json"} if body else {}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        with closing(self._connection()) as connection:
            return _exchange(connection, method, parts.path.rstrip("/") + path, headers, body)

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme == "http":
            return HTTPConnection(
                self.connect_to or parts.hostname or "", parts.port, timeout=self.timeout_seconds
            )
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        host, port = parts.hostname or "", parts.port or 443
        return _Dialled(host, port, self.connect_to or host, context, self.timeout_seconds)


class _Dialled(HTTPSConnection):
    """A connection that dials one address and expects the certificate of another name."""

    def __init__(
        self, host: str, port: int, address: str, context: ssl.SSLContext, timeout_seconds: float
    ) -> None:
        super().__init__(host, port, context=context, timeout=timeout_seconds)
        self._address, self._tls, self._seconds = address, context, timeout_seconds

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), self._seconds)
        try:
            self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def _exchange(
    connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    began = time.monotonic()
    connection.request(method, path, body=body, headers=dict(headers))
    with connection.getresponse() as response:
        lines, arrivals = [], []
        for line in _lines(response):
            lines.append(line)
            arrivals.append(time.monotonic() - began)
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, lines, arrivals, time.monotonic() - began)


def _lines(response: HTTPResponse) -> Iterator[str]:
    """Yield the body's lines as they arrive: a stream's pieces, without waiting for its end."""
    while line := response.readline(1 << 20):
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")
