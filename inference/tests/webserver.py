"""A web server for the sources' tests: ranges, entity tags, broken connections, and a hub's API."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What is served, and what was asked for. ``break_after`` bytes, the next answers end."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    break_after: int | None = None
    breaks: int = 0
    url: str = ""

    def hub(self, repository: str, commit: str, branch: str, files: Mapping[str, bytes]) -> None:
        """Serve ``files`` as a Hugging Face hub does."""
        siblings = [
            {"rfilename": path, "size": len(data), "lfs": {"sha256": hashlib.sha256(data).hexdigest()}}
            for path, data in files.items()
        ]
        answer = json.dumps({"id": repository, "sha": commit, "siblings": siblings}).encode()
        for revision in (commit, branch):
            self.files[f"/api/models/{repository}/revision/{revision}?blobs=true"] = answer
        for path, data in files.items():
            self.redirects[f"/{repository}/resolve/{commit}/{path}"] = f"{self.url}/cdn/{commit}/{path}"
            self.files[f"/cdn/{commit}/{path}"] = data


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            site.asked.append((self.command, self.path, dict(self.headers)))
            if self.path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = site.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            tag = f'"{hashlib.sha256(data).hexdigest()[:8]}"'
            start = 0
            if self.headers.get("Range") and self.headers.get("If-Range") == tag:
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                if start >= len(data):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if not body:
                return
            rest = data[start:]
            if site.break_after is not None and site.breaks > 0:
                site.breaks -= 1
                rest = rest[: site.break_after]
                self.close_connection = True
            self.wfile.write(rest)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
