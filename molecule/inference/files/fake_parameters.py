"""A stand-in for SSM: it knows the one parameter that a test put into a file."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VALUE = Path("/run/fake-parameter")


class Parameters(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer ssm:GetParameter."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status: int = 400
        answer: dict[str, object] = {"__type": "ParameterNotFound", "message": ""}
        call = (self.headers["X-Amz-Target"], asked["Name"])
        if call == ("AmazonSSM.GetParameter", "/molecule/release") and VALUE.exists():
            status, answer = 200, {"Parameter": self._parameter(asked["Name"])}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _parameter(self, name: str) -> dict[str, object]:
        changed = VALUE.stat().st_mtime
        return {"Name": name, "Value": VALUE.read_text(), "Version": 1, "LastModifiedDate": changed}


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 4566), Parameters).serve_forever()
