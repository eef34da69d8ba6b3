"""A small HTTP server in the place of a host behind a load balancer."""

from __future__ import annotations

import select
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BackendServer:
    """Listens on a loopback address.

    `/health` answers `health`; `/stream` sends a first chunk at once and a last one when `release` is set;
    `/silence` answers nothing until then, and sets `left` when its client goes before; anything else answers
    the address and the request's headers, one per line.
    """

    def __init__(self, address: str, port: int = 0) -> None:
        self.health = 200
        self.release = threading.Event()
        self.asked = threading.Event()
        self.left = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/health":
                    self._answer(outer.health, b"")
                elif self.path == "/stream":
                    self._stream()
                elif self.path == "/silence":
                    self._silence()
                else:
                    headers = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
                    self._answer(200, f"{address}\n{headers}".encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _silence(self) -> None:
                outer.asked.set()
                while not outer.release.is_set():
                    if select.select([self.connection], [], [], 0.05)[0]:
                        outer.left.set()
                        return
                self._answer(200, b"")

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"5\r\nfirst\r\n")
                outer.release.wait(30)
                self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # health checks reset the connection

        self._server = Server((address, port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
