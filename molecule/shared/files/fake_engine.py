"""A stand-in for an inference engine: OpenAI's routes, with a pace and a health that a test can set.

The body's own fields decide: ``stream``, ``chunks``, ``interval_seconds``, ``delay_seconds``, and
``fails``, an error to answer with: its ``status``, its ``body``, its ``retry_after``, and how many bytes
``longer`` its message is.
"""

from __future__ import annotations

import argparse
import json
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

OPTIONS = argparse.Namespace()


class Engine(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer for health and for the models."""
        if self.path == "/health":
            sick = Path(f"/run/fake-engine-{OPTIONS.name}.sick").exists()
            return self._send(503 if sick else 200, {"status": "sick" if sick else "ok"})
        if self.path != "/v1/models":
            error = {"message": "File Not Found", "type": "not_found_error", "code": 404}
            return self._send(404, {"error": error})
        models = [
            {"id": name, "object": "model", "created": 1, "owned_by": "fake", "meta": {"n_ctx": 8}}
            for name in ("demo", "org/Demo-7B")
        ]
        return self._send(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        """Answer a completion, at once or in chunks."""
        body = json.loads(self._body())
        if (
            OPTIONS.key_file
            and self.headers["Authorization"] != f"Bearer {Path(OPTIONS.key_file).read_text().strip()}"
        ):
            return self._send(401, {"error": {"message": "wrong key", "type": "invalid_request_error"}})
        time.sleep(body.get("delay_seconds", 0))
        if "fails" in body:
            fails = body["fails"]
            if "longer" in fails:
                fails["body"]["error"]["message"] += "x" * fails["longer"]
            more = {"Retry-After": fails["retry_after"]} if "retry_after" in fails else {}
            return self._send(fails["status"], fails["body"], more)
        words = [f"word{number} " for number in range(body.get("chunks", 3))]
        if body.get("stream"):
            return self._stream(words, body.get("interval_seconds", 0.0))
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return self._send(200, {"id": "c", "object": "chat.completion", "model": "demo", "choices": [choice]})

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal is searched for keys, and shall show a leak of the edge's only."""

    def _send(self, status: int, answer: dict[str, object], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(answer).encode()
        self._head(status, "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        # As llama.cpp's server does.
        self.send_header("Access-Control-Allow-Origin", "")
        self.send_header("X-Engine", OPTIONS.name)
        self.send_header("X-Engine-Path", self.path)
        self.send_header("X-Engine-Saw", ",".join(sorted(name.lower() for name in self.headers)))

    def _stream(self, words: list[str], interval_seconds: float) -> None:
        self._head(200, "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in self._events(words, interval_seconds):
            line = f"data: {event}\n\n".encode()
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _events(self, words: list[str], interval_seconds: float) -> Iterator[str]:
        for word in words:
            choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
            yield json.dumps(
                {"id": "c", "object": "chat.completion.chunk", "model": "demo", "choices": [choice]}
            )
            time.sleep(interval_seconds)
        yield "[DONE]"


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="blue")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--private-key")
    parser.add_argument("--key-file")
    parser.parse_args(namespace=OPTIONS)
    server = ThreadingHTTPServer(("127.0.0.1", OPTIONS.port), Engine)
    server.daemon_threads = True
    if OPTIONS.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(OPTIONS.certificate, OPTIONS.private_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
