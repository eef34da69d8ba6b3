"""An engine that keeps the contract of llama.cpp's server and answers by a script, at no cost.

``/slots`` says what runs, so that a test sees a cancelled request end.
"""

from __future__ import annotations

import argparse
import json
import select
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.conversation import Answer, Call, Request
from tests.clients.dialects import DIALECTS, BadRequestError, Dialect, Event, Messages, tokens
from tests.clients.script import answer

MODEL = "demo"
CONTEXT_TOKENS = 24_576


class State:
    """What the engine has been asked, for the tests to look at."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.left = 0
        self.requests: list[dict[str, Any]] = []

    def summary(self) -> dict[str, Any]:
        """Return it as ``/slots`` answers."""
        with self.lock:
            return {"running": self.running, "left": self.left, "requests": list(self.requests)}


class LeftError(Exception):
    """The client is gone."""


class Engine(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    state = State()
    context_tokens = CONTEXT_TOKENS

    def do_GET(self) -> None:
        """Answer for health, models and properties."""
        match self.path:
            case "/health":
                self._send(200, {"status": "ok"})
            case "/v1/models":
                self._send(200, {"object": "list", "data": [self._model()]})
            case "/props":
                capabilities = {"supports_tools": True, "supports_tool_calls": True}
                self._send(200, {"model_alias": MODEL, "chat_template_caps": capabilities, "total_slots": 4})
            case "/slots":
                self._send(200, self.state.summary())
            case _:
                self._fail(404, "not_found_error", "File Not Found")

    def do_POST(self) -> None:
        """Answer in the dialect of the path."""
        raw, path = self._body(), self.path.partition("?")[0]
        try:
            body = json.loads(raw)
            if path == "/v1/messages/count_tokens":
                self._send(200, {"input_tokens": tokens(Messages.prompt_of(body))})
            elif path in DIALECTS:
                self._complete(path, body)
            else:
                self._fail(404, "not_found_error", "File Not Found")
        except (BadRequestError, ValueError) as error:
            self._fail(400, "invalid_request_error", str(error))
        except KeyError as error:
            self._fail(400, "invalid_request_error", f"'{error.args[0]}' is required")

    def _complete(self, path: str, body: dict[str, Any]) -> None:
        kind = DIALECTS[path]
        length = tokens(kind.prompt_of(body))
        if length > (limit := self.context_tokens):
            said = f"request ({length} tokens) exceeds the available context size ({limit} tokens)"
            figures = {"n_prompt_tokens": length, "n_ctx": limit}
            return self._fail(400, "exceed_context_size_error", f"{said}, try increasing it", **figures)
        request = kind.parse(body)
        reply = answer(request)
        self._note(path, request.stream, length, reply)
        try:
            with self._place(length):
                self._answer(kind(body.get("model", MODEL), length), request, reply)
        except (LeftError, ConnectionError):
            self.close_connection = True
            with self.state.lock:
                self.state.left += 1
        finally:
            with self.state.lock:
                self.state.running -= 1
        return None

    def _place(self, prompt_tokens: int) -> AbstractContextManager[None]:
        """Return what an answer waits for, and holds until its end: nothing here."""
        return nullcontext()

    def _note(self, path: str, stream: bool, length: int, reply: Answer) -> None:
        said = {"calls": reply.name} if isinstance(reply, Call) else {"says": "".join(reply.words)[:60]}
        with self.state.lock:
            self.state.running += 1
            self.state.requests.append({"path": path, "stream": stream, "tokens": length, **said})

    def _answer(self, dialect: Dialect, request: Request, reply: Answer) -> None:
        if not request.stream:
            for _ in self._paced(reply):
                self._stay()
            return self._send(200, dialect.whole(reply))
        self.send_response(200)
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in self._events(dialect, request, reply):
            self._stay()
            self._chunk(event)
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _events(self, dialect: Dialect, request: Request, reply: Answer) -> Iterator[Event]:
        yield from dialect.begin(reply)
        if isinstance(reply, Call):
            yield from dialect.call(reply)
        else:
            for word in self._paced(reply):
                yield dialect.word(word)
        yield from dialect.end(reply, request)

    def _paced(self, reply: Answer) -> Iterator[str]:
        if isinstance(reply, Call):
            return
        until = time.monotonic() + 120
        while True:
            for word in reply.words:
                yield word
                time.sleep(reply.seconds_between)
            if not reply.endless or time.monotonic() > until:
                return

    def _stay(self) -> None:
        """Raise LeftError where the client has closed, as the real engine notices it between two tokens."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, 2):  # MSG_PEEK
            raise LeftError

    def _chunk(self, event: Event) -> None:
        name, data = event
        text = (f"event: {name}\n" if name else "") + "data: "
        text += (data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))) + "\n\n"
        raw = text.encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _model(self) -> dict[str, Any]:
        meta = {"n_ctx": self.context_tokens, "n_ctx_train": self.context_tokens}
        return {"id": MODEL, "object": "model", "created": 1, "owned_by": "llamacpp", "meta": meta}

    def _fail(self, status: int, kind: str, message: str, **more: int) -> None:
        self._send(status, {"error": {"code": status, "message": message, "type": kind, **more}})

    def _send(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Server", "llama.cpp")
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what was asked is at ``/slots``."""


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Engine)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
