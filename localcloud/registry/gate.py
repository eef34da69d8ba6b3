"""The requests that ECR has rules for: the beginning of an upload, and manifests, pushed and pulled.

HAProxy sends these few small requests here and everything else, layers above all, straight to the registry.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from localcloud.listeners import HttpServer
from localcloud.log import logger
from localcloud.registry.client import Answer, RegistryClient
from localcloud.registry.rules import MANIFEST, Refusal

FORWARDED = "x-forwarded-for"
LIMIT_BYTES = 8 * 1024 * 1024
_log = logger("registry")

type Refuse = Callable[[str, str, str, str], Refusal | None]
"""(method, path, digest of the body, address of the sender) → refusal."""
type Pushed = Callable[[str, str, bytes, str], None]
"""(repository, tag or digest, manifest, media type)."""


class Gate:
    """A small HTTP server on a loopback port of its own."""

    def __init__(self, client: RegistryClient, refuse: Refuse, pushed: Pushed) -> None:
        self._client = client
        self._refuse = refuse
        self._pushed = pushed
        self._one_push = threading.Lock()
        self._server = HttpServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="registry-gate", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the registry whether it knows the caller, ECR's rules whether they allow it, and pass it on."""
        credentials = {name: value for name, value in headers.items() if name.lower() == "authorization"}
        known = self._client.send("GET", "/v2/", credentials)
        if known.status != 200:
            return known
        path = urlsplit(target).path
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        source = next((v.split(",")[-1].strip() for k, v in headers.items() if k.lower() == FORWARDED), "")
        if method in ("GET", "HEAD"):
            refusal = self._refuse(method, path, digest, source)
            return _refused(refusal) if refusal else self._client.send(method, target, headers)
        with self._one_push:
            refusal = self._refuse(method, path, digest, source)
            if refusal is not None:
                return _refused(refusal)
            answer = self._client.send(method, target, headers, body)
            pushed = MANIFEST.fullmatch(path)
            if pushed and answer.status == 201:
                media_type = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
                self._pushed(pushed["name"], pushed["reference"], body, media_type)
        return answer


def _refused(refusal: Refusal) -> Answer:
    return Answer(refusal.status, (("Content-Type", "application/json"),), refusal.body)


def _handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LIMIT_BYTES or "chunked" in self.headers.get("Transfer-Encoding", ""):
                self.close_connection = True
                refusal = Refusal(
                    413, "SIZE_INVALID", "Begin an upload, then send the content in a request of its own."
                )
                self._send(Answer(refusal.status, (), refusal.body))
                return
            body = self.rfile.read(length)
            try:
                answer = gate.answer(self.command, self.path, dict(self.headers.items()), body)
            except OSError as error:
                _log.error("docker-registry does not answer: %s", error)
                answer = Answer(502, (), Refusal(502, "UNKNOWN", "The registry does not answer.").body)
            self._send(answer)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """HAProxy's log has it."""

    return Handler
