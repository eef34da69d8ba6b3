"""A web server for the sources' tests: ranges, entity tags, redirects, refusals and broken connections."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error. Where ``for_strangers``, a request with a token does not get it."""

    status: int
    headers: Mapping[str, str]
    for_strangers: bool = False


@dataclass
class Site:
    """What is served, and what was asked for. A path is looked for with its query, then without.

    ``break_after`` bytes, the next ``breaks`` longer answers end. An answer longer than ``stall_after``
    waits there until ``go_on`` is set. ``refusals`` are by the beginning of the path; the longest counts.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    asked: list[tuple[str, str, Message]] = field(default_factory=list)
    break_after: int | None = None
    breaks: int = 0
    stall_after: int | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def refusal(self, path: str, known: bool, token: bool) -> Refusal | None:
        """Return why ``path`` is not served: for what is asked for, or because nothing is known there."""
        for beginning in sorted(self.refusals, key=len, reverse=True):
            one = self.refusals[beginning]
            if path.startswith(beginning) and (not token if one.for_strangers else not known):
                return one
        return None if known else Refusal(404, {})


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            site.asked.append((self.command, self.path, self.headers))
            known = {*site.files, *site.redirects}
            path = self.path if self.path in known else self.path.partition("?")[0]
            if refusal := site.refusal(path, path in known, "Authorization" in self.headers):
                self._begin(refusal.status, 0, refusal.headers)
            elif path in site.redirects:
                self._begin(302, 0, {"Location": site.redirects[path], **site.headers.get(path, {})})
            else:
                self._serve(site.files[path], site.headers.get(path, _NOTHING), body)

        def _serve(self, data: bytes, headers: Mapping[str, str], body: bool) -> None:
            tag = f'"{hashlib.sha256(data).hexdigest()[:8]}"'
            start, end = 0, len(data)
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            if asked and self.headers.get("If-Range", tag) == tag:
                start, end = int(asked[1]), min(end, int(asked[2] or end) + 1)
                if start >= len(data):
                    self._begin(416, 0, _NOTHING)
                    return
                headers = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
            self._begin(
                206 if asked and "Content-Range" in headers else 200, end - start, {"ETag": tag, **headers}
            )
            if not body:
                return
            rest = data[start:end]
            if site.break_after is not None and site.breaks > 0 and len(rest) > site.break_after:
                site.breaks -= 1
                rest = rest[: site.break_after]
                self.close_connection = True
            if site.stall_after is not None and len(rest) > site.stall_after:
                self.wfile.write(rest[: site.stall_after])
                rest = rest[site.stall_after :]
                site.go_on.wait()
            with suppress(ConnectionError):  # whoever asked has been killed
                self.wfile.write(rest)

        def _begin(self, status: int, length: int, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        site.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
