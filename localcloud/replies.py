"""Errors in the shape that each AWS protocol gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """A whole HTTP response."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request with it."""
        reason = REASONS.get(self.status, "Unknown")
        start_response(
            f"{self.status} {reason}",
            [("Content-Type", self.content_type), ("Content-Length", str(len(self.body))), *self.headers],
        )
        return [self.body]


def json_reply(content: object, status: int = 200) -> Reply:
    """A JSON document."""
    return Reply(status, json.dumps(content, indent=2, sort_keys=True).encode() + b"\n")


def aws_error(environ: WSGIEnvironment, service: str, status: int, code: str, message: str) -> Reply:
    """An error as botocore expects it from this service and protocol."""
    request_id = str(uuid4())
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        body = _cbor_texts({"__type": code, "message": message})
        return Reply(status, body, "application/cbor", (("smithy-protocol", "rpc-v2-cbor"),))
    if "HTTP_X_AMZ_TARGET" in environ:
        content = json.dumps({"__type": code, "message": message}).encode()
        return Reply(status, content, "application/x-amz-json-1.1", (("x-amzn-requestid", request_id),))
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "ec2":
        text = (
            f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    elif service in ("s3", "unsigned"):
        text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    elif service in ("route53", "cloudfront") or environ.get("CONTENT_TYPE", "").startswith(
        "application/x-www"
    ):
        kind = "Sender" if status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        content = json.dumps({"message": message}).encode()
        return Reply(status, content, headers=(("x-amzn-errortype", code), ("x-amzn-requestid", request_id)))
    return Reply(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "text/xml")


def _cbor_texts(content: dict[str, str]) -> bytes:
    def text(value: str) -> bytes:
        raw = value.encode()
        return b"\x79" + len(raw).to_bytes(2, "big") + raw  # text string with a 16-bit length

    return bytes([0xA0 + len(content)]) + b"".join(text(k) + text(v) for k, v in content.items())
