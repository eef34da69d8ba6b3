"""A request's parameters, whatever its protocol, as lists and dicts. A body that is read is put back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from botocore.parsers import BaseCBORParser

from localcloud.actions import Action, captured

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FORM = "application/x-www-form-urlencoded"
CBOR = "application/cbor"


def parameters(environ: WSGIEnvironment, action: Action) -> dict[str, Any]:
    """What the request says: of S3 no more than the query, as its bodies are objects."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if action.service in ("s3", "unsigned"):
        return query
    kind = environ.get("CONTENT_TYPE", "")
    path = captured(action, environ.get("PATH_INFO", "/"))
    if kind.startswith(FORM):
        return nested(parse_qsl(body(environ).decode("utf-8", "replace"), keep_blank_values=True))
    if kind.startswith(CBOR):
        return _object(BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body(environ)))))
    if "json" in kind or "HTTP_X_AMZ_TARGET" in environ:
        try:
            return {**path, **_object(json.loads(body(environ) or b"{}"))}
        except ValueError:
            return path
    return {**nested(list(query.items())), **path}


def body(environ: WSGIEnvironment) -> bytes:
    """The whole body."""
    content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`Tag.1.Key=a&SubnetId.1=x` as `{"Tag": [{"Key": "a"}], "SubnetId": ["x"]}`."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        node = tree
        *folders, leaf = [part for part in name.split(".") if part != "member"]
        for folder in folders:
            found = node.setdefault(folder, {})
            node = found if isinstance(found, dict) else {}
        node[leaf] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    content = {name: _lists(value) for name, value in node.items()}
    if content and all(name.isdecimal() for name in content):
        return [content[name] for name in sorted(content, key=int)]
    return content


def _object(content: Any) -> dict[str, Any]:
    return content if isinstance(content, dict) else {}


def leaves(content: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text below, with the name of the member that it is (or is listed) under."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, str(key))
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, name)
    elif isinstance(content, str):
        yield name, content


def tags_of(content: dict[str, Any]) -> dict[str, str]:
    """The tags that a request gives: pairs or a mapping, under any of the names that services use."""
    found: dict[str, str] = {}
    for name in ("Tags", "tags", "Tag", "TagList"):
        given = content.get(name)
        if isinstance(given, dict):
            found.update({str(key): str(value) for key, value in given.items()})
        elif isinstance(given, list):
            for one in given:
                if isinstance(one, dict):
                    key = str(one.get("Key", one.get("key")))
                    found[key] = str(one.get("Value", one.get("value", "")))
    return found
