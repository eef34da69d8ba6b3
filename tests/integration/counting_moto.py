"""moto on a free port of loopback, counting what it is asked."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from localcloud.tests.accounts import forget


@dataclass
class CountingMoto:
    """A control plane to ask, what it was asked (by action), and what instances show on their consoles."""

    application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    consoles: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request: the console by ourselves (moto's is always the same), the rest by moto."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        with self.lock:
            self.asked[asked.get("Action", environ["PATH_INFO"])] += 1
        if asked.get("Action") == "GetConsoleOutput":
            return self._console(asked["InstanceId"], start_response)
        environ["wsgi.input"] = _Body(body)
        return self.application(environ, start_response)

    def _console(self, instance_id: str, start_response: StartResponse) -> Iterable[bytes]:
        output = base64.b64encode(self.consoles.get(instance_id, "booting").encode()).decode()
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [
            f'<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            f"<instanceId>{instance_id}</instanceId><output>{output}</output></GetConsoleOutputResponse>".encode()
        ]


class _Body:
    """A request's body that has been read once already."""

    def __init__(self, body: bytes) -> None:
        self._rest = body

    def read(self, size: int = -1) -> bytes:
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def readline(self, size: int = -1) -> bytes:
        end = self._rest.find(b"\n") + 1 or len(self._rest)
        return self.read(min(end, size) if size >= 0 else end)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


@contextmanager
def counting_moto() -> Iterator[CountingMoto]:
    """Serve an empty account until the block ends."""
    forget()
    application: Any = DomainDispatcherApplication(create_backend_app)
    moto = CountingMoto(application)
    server = make_server("127.0.0.1", 0, moto, threaded=True)
    moto.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield moto
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        forget()
