"""The log: one line per event, to the server's standard error, which `start` sends to the state directory."""

from __future__ import annotations

import logging
import sys


def configure(verbose: bool = False) -> None:
    """Send localcloud's log to standard error; each request only when `verbose`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("localcloud").setLevel(logging.DEBUG if verbose else logging.INFO)


def logger(name: str) -> logging.Logger:
    """The log of one part, for example `ec2`."""
    return logging.getLogger(f"localcloud.{name}")
