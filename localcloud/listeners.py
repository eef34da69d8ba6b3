"""HTTP servers that come and go with the addresses of this machine in the VPCs' networks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from localcloud.log import logger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logger("listeners")


class Server(Protocol):
    """What `socketserver` and werkzeug have in common."""

    def serve_forever(self) -> None:
        """Answer until `shutdown`."""

    def shutdown(self) -> None:
        """End `serve_forever`."""

    def server_close(self) -> None:
        """Release the socket."""


class HttpServer(ThreadingHTTPServer):
    """A threaded server that logs what goes wrong, and does not mind callers that hang up."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Called where an exception is handled."""
        del request
        if not isinstance(sys.exception(), ConnectionError):
            LOG.exception("a request from %s failed", client_address)


class QuietHandler(MotoRequestHandler):
    """Logs nothing itself: the application knows the action and logs that."""

    def log(self, type: str, message: str, *args: object) -> None:  # werkzeug's name
        """Drop werkzeug's access log."""
        del type, message, args


def api_server(app: WSGIApplication, address: str, port: int) -> Server:
    """A threaded server of the API on one address. Raises OSError where it cannot listen."""
    try:
        return make_server(address, port, app, threaded=True, request_handler=QuietHandler)
    except SystemExit as error:  # werkzeug's way, after it has said why
        raise OSError(f"Failed to listen on {address}:{port}.") from error


class Listeners:
    """One server per address."""

    def __init__(self, name: str, make: Callable[[str], Server]) -> None:
        self._name = name
        self._make = make
        self._servers: dict[str, Server] = {}

    def serve(self, addresses: Iterable[str]) -> None:
        """Serve on exactly these addresses."""
        wanted = set(addresses)
        for address in self._servers.keys() - wanted:
            self._close(address)
        for address in sorted(wanted - self._servers.keys()):
            server = self._make(address)
            self._servers[address] = server
            threading.Thread(target=server.serve_forever, name=f"{self._name}-{address}", daemon=True).start()
            LOG.info("%s listens on %s", self._name, address)

    def close(self) -> None:
        """End all."""
        self.serve(())

    def _close(self, address: str) -> None:
        server = self._servers.pop(address)
        server.shutdown()
        server.server_close()
        LOG.info("%s no longer listens on %s", self._name, address)
