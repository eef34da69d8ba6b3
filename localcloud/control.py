"""localcloud's own HTTP interface, beside AWS's: `/_localcloud/…`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from localcloud.faults import Faults, parse_fault
from localcloud.judge.record import Record
from localcloud.replies import Reply, json_reply
from localcloud.requestlog import RequestLog

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PREFIX = "/_localcloud/"

Handler = Callable[[Mapping[str, object]], Reply]
"""Takes the JSON object of the body (for GET and DELETE: the query) and answers; ValueError is a 400."""
Routes = Mapping[tuple[str, str], Handler]
"""(method, path below `/_localcloud/`) → handler."""


class Control:
    """Requests, faults, health, and whatever planes add."""

    def __init__(
        self,
        requests: RequestLog,
        faults: Faults,
        record: Record,
        health: Callable[[], Mapping[str, object]],
        forget_answers: Callable[[], None],
    ) -> None:
        self._requests = requests
        self._faults = faults
        self._record = record
        self._forget_answers = forget_answers
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "health"): lambda _: json_reply(health()),
            ("GET", "requests"): self._summary,
            ("DELETE", "requests"): self._reset,
            ("GET", "permissions"): self._permissions,
            ("DELETE", "permissions"): self._forget_permissions,
            ("GET", "faults"): lambda _: json_reply({"faults": faults.listing()}),
            ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): lambda _: self._set_faults({"faults": []}),
        }

    def add(self, routes: Routes) -> None:
        """Answer these, too."""
        self._routes.update(routes)

    def answer(self, environ: WSGIEnvironment) -> Reply:
        """Answer a request below `/_localcloud/`."""
        path = environ["PATH_INFO"].removeprefix(PREFIX).strip("/")
        handler = self._routes.get((environ["REQUEST_METHOD"], path))
        if handler is None:
            known = sorted(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return json_reply({"error": f"No such thing here. Known: {', '.join(known)}."}, 404)
        try:
            return handler(_arguments(environ))
        except ValueError as error:
            return json_reply({"error": str(error)}, 400)

    def _summary(self, query: Mapping[str, object]) -> Reply:
        source = query.get("source")
        return json_reply(self._requests.summary(str(source) if source else None))

    def _reset(self, _: Mapping[str, object]) -> Reply:
        self._requests.reset()
        return json_reply(self._requests.summary())

    def _permissions(self, query: Mapping[str, object]) -> Reply:
        principal = query.get("principal")
        return json_reply({"permissions": self._record.listing(str(principal) if principal else None)})

    def _forget_permissions(self, _: Mapping[str, object]) -> Reply:
        self._record.reset()
        return json_reply({"permissions": []})

    def _set_faults(self, body: Mapping[str, object]) -> Reply:
        given = body.get("faults", [body])
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise ValueError('expected {"faults": [{"action": "ec2:*", …}, …]}')
        self._faults.replace([parse_fault(item) for item in given])
        self._forget_answers()
        return json_reply({"faults": self._faults.listing()})


def _arguments(environ: WSGIEnvironment) -> Mapping[str, object]:
    if environ["REQUEST_METHOD"] != "POST":
        return {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        content = json.loads(body or b"{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError("the body must be a JSON object")
    return content
