"""The checks of an endpoint, against a server that does it right and servers that each do one thing wrong."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.endpoint import checks as endpoint_checks
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.checks import run
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.client import Endpoint
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOMAIN, MODEL, KEY = "endpoint.test", "org/Small-Model", "al-the-key-of-the-endpoint-tests"

type Start = Callable[..., Endpoint]


class Handler(BaseHTTPRequestHandler):
    """An endpoint as it should be; ``wrong`` names what it does wrong."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wrong = ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer the list of models, or that there is no such thing."""
        if not self._keyed():
            return
        if self.path == "/v1/models":
            self._answer(200, {"data": [{"id": "another" if self.wrong == "models" else MODEL}]})
        elif self.path == f"/v1/models/{quote(MODEL, safe='')}" and self.wrong != "one model":
            self._answer(200, {"id": MODEL, "object": "model"})
        else:
            self._refuse(200 if self.wrong == "path" else 404)

    def do_POST(self) -> None:
        """Answer a chat completion."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._keyed():
            return
        if body["model"] != MODEL and self.wrong != "model":
            self._refuse(404)
        elif body["stream"]:
            self._stream()
        else:
            content = "" if self.wrong == "completion" else "one two three"
            self._answer(200, {"choices": [{"message": {"content": content}}]})

    def _keyed(self) -> bool:
        given = self.headers.get("Authorization")
        if given == f"Bearer {KEY}" or (given and self.wrong == "any key") or self.wrong == "no key":
            return True
        self._refuse(401)
        return False

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        pieces = [{"choices": [{"delta": {"content": word}}]} for word in ("one ", "two ", "three")]
        lines = [f"data: {json.dumps(piece)}\n\n" for piece in pieces]
        lines += [] if self.wrong == "unfinished" else ["data: [DONE]\n\n"]
        if self.wrong == "buffered":
            lines = ["".join(lines)]
        for line in lines:
            self.wfile.write(line.encode())
            self.wfile.flush()
            time.sleep(0.1)
        self.close_connection = True

    def _refuse(self, status: int) -> None:
        shaped = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
        self._answer(status, {"detail": "no"} if self.wrong == "shape" else shaped)

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Plain(BaseHTTPRequestHandler):
    """Port 80."""

    target = f"https://{DOMAIN}/v1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Redirect."""
        self.send_response(301)
        self.send_header("Location", self.target)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("pki")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(DOMAIN)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = directory / "cert.pem", directory / "key.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem, private


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], certificate: tuple[Path, Path] | None = None
) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def start(certificate: tuple[Path, Path]) -> Iterator[Start]:
    with ExitStack() as servers:

        def _start(wrong: str = "", target: str = Plain.target) -> Endpoint:
            handler = type("Wrong", (Handler,), {"wrong": wrong})
            plain = type("WrongPlain", (Plain,), {"target": target})
            port = servers.enter_context(serving(handler, certificate))
            return Endpoint(
                url=f"https://{DOMAIN}:{port}/v1",
                connect_to="127.0.0.1",
                ca_file=certificate[0],
                timeout_seconds=10,
                plain_port=servers.enter_context(serving(plain)),
            )

        yield _start


def failed(endpoint: Endpoint, key: str = KEY) -> set[str]:
    return {check.name for check in run(endpoint, key, MODEL) if not check.passed}


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces come 100 ms apart here; what may look late or early on a busy machine stays below that."""
    monkeypatch.setattr(endpoint_checks, "BUFFERED_SECONDS", 0.02)


def test_an_endpoint_that_does_it_right_passes_every_check(start: Start) -> None:
    checks = list(run(start(), KEY, MODEL))
    assert [check.name for check in checks if not check.passed] == []
    assert len(checks) == 9
    assert all(KEY not in check.seen for check in checks)


REFUSALS = {
    "no key is refused with 401",
    "a wrong key is refused with 401",
    "an unknown path is a 404",
    "an unknown model is a 404",
}


@pytest.mark.parametrize(
    ("wrong", "caught"),
    [
        ("no key", {"no key is refused with 401", "a wrong key is refused with 401"}),
        ("any key", {"a wrong key is refused with 401"}),
        ("path", {"an unknown path is a 404"}),
        ("model", {"an unknown model is a 404"}),
        ("shape", REFUSALS),
        ("models", {"the model is listed"}),
        ("one model", {"the model can be retrieved"}),
        ("completion", {"the model completes a prompt"}),
        ("buffered", {"a stream's first piece comes before its last"}),
        ("unfinished", {"a stream's first piece comes before its last"}),
    ],
)
def test_each_wrong_is_caught_by_its_check(start: Start, wrong: str, caught: set[str]) -> None:
    assert failed(start(wrong)) == caught


def test_a_redirect_to_elsewhere_than_https_is_caught(start: Start) -> None:
    assert failed(start(target=f"http://{DOMAIN}/v1")) == {"plain HTTP is redirected to HTTPS"}


def test_a_certificate_nobody_vouches_for_fails_every_https_check(start: Start) -> None:
    endpoint = start()
    stranger = Endpoint(endpoint.url, endpoint.connect_to, None, 10, endpoint.plain_port)
    checks = list(run(stranger, KEY, MODEL))
    assert sum(check.passed for check in checks) == 1
    assert all("CERTIFICATE_VERIFY_FAILED" in check.seen for check in checks if not check.passed)


def test_a_certificate_of_another_name_is_not_accepted(start: Start) -> None:
    endpoint = start()
    other = Endpoint(
        endpoint.url.replace(DOMAIN, "another.test"), "127.0.0.1", endpoint.ca_file, 10, endpoint.plain_port
    )
    assert len(failed(other)) >= 7


def test_nobody_there_is_an_outcome() -> None:
    checks = list(run(Endpoint("https://127.0.0.1:9/v1", timeout_seconds=2, plain_port=9), KEY, MODEL))
    assert [check.passed for check in checks] == [False] * 9
    assert all("refused" in check.seen for check in checks)
