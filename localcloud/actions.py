"""Which AWS action a request asks for, whatever the protocol of its service."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import botocore.exceptions
import botocore.loaders

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

READ_PREFIXES = (
    "Describe", "List", "Get", "Head", "BatchGet", "BatchCheck", "Assume", "Decode", "Filter", "Lookup",
    "Query", "Scan", "Search", "Select", "Simulate", "Validate",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Action:
    """One call, such as `ec2:DescribeVpcs`."""

    service: str
    """The signing name, such as `elasticloadbalancing`; `unsigned` where the request names none."""
    name: str

    @property
    def key(self) -> str:
        """`service:Name`."""
        return f"{self.service}:{self.name}"

    @property
    def mutating(self) -> bool:
        """Whether it may change something; told from its name."""
        return not self.name.startswith(READ_PREFIXES)


def action_of(environ: WSGIEnvironment) -> Action:
    """The action of a request. A form body is read and put back."""
    service = _signing_name(environ.get("HTTP_AUTHORIZATION", ""), environ.get("QUERY_STRING", ""))
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Action(service, target.rpartition(".")[2])
    path = environ.get("PATH_INFO", "/")
    if match := re.fullmatch(r"/service/[^/]+/operation/(\w+)", path):
        return Action(service, match.group(1))
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    named = (query.get("Action") or parse_qs(_form_body(environ)).get("Action") or [""])[0]
    if named:
        return Action(service, named)
    method = environ["REQUEST_METHOD"]
    rest_service = "s3" if service == "unsigned" else service
    return Action(service, _rest_operation(rest_service, method, path, environ, frozenset(query)))


def captured(action: Action, path: str) -> dict[str, str]:
    """The parameters in the path of a REST call, as sent."""
    for route in _routes(action.service):
        if route.name == action.name and (match := route.path.fullmatch(path)):
            return match.groupdict()
    return {}


def _signing_name(authorization: str, query_string: str) -> str:
    # Credential=KEY/20260102/us-east-1/ec2/aws4_request, in the header or, for presigned URLs, in the query
    match = re.search(
        r"Credential=[^/%\s]+(?:/|%2F)\d{8}(?:/|%2F)[\w-]+(?:/|%2F)([\w.-]+)", authorization + query_string
    )
    return match.group(1).lower() if match else "unsigned"


def _form_body(environ: WSGIEnvironment) -> str:
    if not environ.get("CONTENT_TYPE", "").startswith(FORM):
        return ""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return str(body.decode("utf-8", "replace"))


@dataclass(frozen=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    length: int
    """Of the path without its parameters' names."""


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    """REST routes of a service, the most specific first."""
    try:
        model = botocore.loaders.create_loader().load_service_model(service, "service-2")
    except botocore.exceptions.UnknownServiceError:
        return ()
    routes = []
    for name, operation in model["operations"].items():
        uri, _, query = operation["http"]["requestUri"].partition("?")
        pattern = re.sub(
            r"\\{(\w+)(\\\+)?\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(uri)
        )
        keys = frozenset(part.partition("=")[0] for part in query.split("&") if part)
        length = len(re.sub(r"\{\w+", "{", uri))
        routes.append(_Route(name, operation["http"]["method"], re.compile(pattern + "/?"), keys, length))
    return tuple(sorted(routes, key=lambda route: (-len(route.query), -route.length, route.name)))


def _rest_operation(
    service: str, method: str, path: str, environ: WSGIEnvironment, query: frozenset[str]
) -> str:
    if service == "s3" and method == "PUT":
        copy = "HTTP_X_AMZ_COPY_SOURCE" in environ
        if "uploadId" in query:
            return "UploadPartCopy" if copy else "UploadPart"
        if not query - {"x-id"} and path.strip("/").count("/") >= 1:
            return "CopyObject" if copy else "PutObject"
    for route in _routes(service):
        if route.method == method and route.query <= query and route.path.fullmatch(path):
            return route.name
    return f"{method} {path}"
