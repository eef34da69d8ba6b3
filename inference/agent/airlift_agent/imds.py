"""The instance's metadata service (IMDSv2), asked without a library: the watcher lives on every spot host."""

from __future__ import annotations

import os
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from .errors import DeliveryError

_SECONDS = 2
_TOKEN_SECONDS = "300"  # noqa: S105 - a lifetime, not a token


class Metadata:
    """One session. AWS_EC2_METADATA_SERVICE_ENDPOINT moves it, as for AWS' own tools."""

    def __init__(self) -> None:
        """Nothing is asked yet. A proxy is never used: the service is on this host's own link."""
        endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")
        self._base = f"{endpoint.rstrip('/')}/latest"
        self._opener = build_opener(ProxyHandler({}))
        self._token: str | None = None

    def get(self, path: str) -> str | None:
        """Return what is at ``meta-data/<path>``, or None where there is no such thing.

        Raises DeliveryError where the service does not answer.
        """
        try:
            try:
                return self._get(path)
            except HTTPError as error:
                if error.code != HTTPStatus.UNAUTHORIZED:
                    raise
            self._token = None
            return self._get(path)
        except HTTPError as error:
            with error:
                if error.code == HTTPStatus.NOT_FOUND:
                    return None
            raise DeliveryError(f"The metadata service answered {error.code} for {path}.") from error
        except (URLError, OSError) as error:
            raise DeliveryError(f"The metadata service does not answer: {error}.") from error

    def _get(self, path: str) -> str:
        if self._token is None:
            lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS}
            self._token = self._ask("PUT", "api/token", lifetime)
        return self._ask("GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": self._token})

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        request = Request(f"{self._base}/{path}", method=method, headers=headers)  # noqa: S310 - http by design
        with self._opener.open(request, timeout=_SECONDS) as answer:
            return str(answer.read().decode()).strip()
