"""The image's health check: exit 0 when the engine says that it can answer."""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

from .settings import PORT


def main() -> int:
    """Ask ``/health`` once."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/health")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
