"""The account of this process, which all tests in it share: emptying it, and serving it without machines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from moto.backends import get_backend

from localcloud.app import create_app
from localcloud.listeners import api_server

SERVICES = (
    *("acm", "cloudwatch", "ec2", "ecr", "elbv2", "iam", "logs", "resourcegroupstaggingapi", "s3"),
    *("secretsmanager", "ssm", "sts"),
)


def forget() -> None:
    """Empty the account.

    moto's own reset goes by a list of what is in use, and loses from it what the reset of one service makes
    of another.
    """
    for service in SERVICES:
        backends = get_backend(service)  # type: ignore[call-overload]
        for account in list(backends.values()):
            account.reset()
        backends.clear()


@contextmanager
def control_plane() -> Iterator[str]:
    """Serve the empty account until the block ends; give its address."""
    app = create_app()
    # What other tests have left in this process, with other images or none.
    forget()
    server = api_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]  # werkzeug's has it
    server.shutdown()
    server.server_close()
    thread.join()
