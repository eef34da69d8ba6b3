"""Figures for Prometheus at /metrics, on the port that is given."""

from __future__ import annotations

import http.server
import sys

FIGURES = {
    8404: b'haproxy_frontend_http_requests_total{proxy="edge"} 7\n',
    8001: b"llamacpp:tokens_predicted_total 42\n",
}
PORT = int(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(FIGURES[PORT])


http.server.HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
