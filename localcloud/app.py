"""The API as one WSGI application: moto's, behind counting, faults, IAM and honest errors."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud import moto_corrections
from localcloud.actions import Action, action_of
from localcloud.control import PREFIX, Control
from localcloud.faults import Faults
from localcloud.judge.judge import Judge
from localcloud.log import logger
from localcloud.plane import Plane
from localcloud.replies import Reply, aws_error
from localcloud.requestlog import RequestLog
from localcloud.settings import Settings
from localcloud.staleness import Answer, Memory, question_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logger("api")
THROTTLED = {"ec2": (503, "RequestLimitExceeded"), "s3": (503, "SlowDown")}
THROTTLED_OTHERWISE = (400, "ThrottlingException")
NO_ROUTE = b"The requested URL was not found on the server"


def create_app(
    settings: Settings | None = None,
    planes: Sequence[Plane] = (),
    wake: Callable[[], None] = lambda: None,
    health: Callable[[], Mapping[str, object]] | None = None,
) -> Api:
    """The API; without planes it is the control plane alone, which needs neither Docker nor root.

    `wake` is called after each mutating request.
    """
    settings = settings or Settings()
    moto_corrections.apply(settings)
    judge = Judge(settings.account_id, settings.region)
    for plane in planes:
        plane.judge = judge
        plane.patch()
    app = Api(judge, wake, health or (lambda: {"status": "ok", "planes": {}}))
    for plane in planes:
        app.control.add(plane.control())
    return app


class Api:
    """A WSGI application."""

    def __init__(
        self, judge: Judge, wake: Callable[[], None], health: Callable[[], Mapping[str, object]]
    ) -> None:
        self.judge = judge
        self.requests = RequestLog()
        self.faults = Faults()
        self._memory = Memory()
        self.control = Control(self.requests, self.faults, judge.record, health, self._memory.forget)
        self._wake = wake
        self._moto = _Moto(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return self.control.answer(environ).send(start_response)
        action = action_of(environ)
        self.requests.record(environ.get("REMOTE_ADDR", ""), action)
        verdict = self.faults.judge(action)
        if verdict.latency_seconds:
            time.sleep(verdict.latency_seconds)
        if verdict.throttle:
            status, code = THROTTLED.get(action.service, THROTTLED_OTHERWISE)
            return aws_error(environ, action.service, status, code, "Rate exceeded").send(start_response)
        if verdict.stale_seconds:
            return self._judged_and_late(environ, start_response, action, verdict.stale_seconds)
        answer = self._judged(environ, start_response, action)
        if action.mutating:
            self._wake()
        if verdict.lose_reply:
            _hang_up(environ, action)
        return answer

    def _judged_and_late(
        self, environ: WSGIEnvironment, start_response: StartResponse, action: Action, seconds: float
    ) -> Iterable[bytes]:
        question, held = question_of(environ), _HeldResponse()
        body = b"".join(self._judged(environ, held.start_response, action))
        stale = self._memory.as_of(question, Answer(held.status, held.headers, body), seconds)
        start_response(stale.status, stale.headers)
        return [stale.body]

    def _judged(
        self, environ: WSGIEnvironment, start_response: StartResponse, action: Action
    ) -> Iterable[bytes]:
        try:
            refusal = self.judge.refuse(environ, action)
        except Exception as error:
            LOG.exception("%s could not be judged", action.key)
            message = f"The embedded AWS failed to judge {action.key}: {error!r}. Its log has the trace."
            return aws_error(environ, action.service, 500, "InternalFailure", message).send(start_response)
        if refusal is not None:
            return refusal.send(start_response)
        return self._execute(environ, start_response, action)

    def _execute(
        self, environ: WSGIEnvironment, start_response: StartResponse, action: Action
    ) -> Iterable[bytes]:
        held = _HeldResponse()
        try:
            body = b"".join(self._moto(environ, held.start_response))
        except NotImplementedError as error:
            LOG.warning("%s is not available on the embedded AWS: %s", action.key, error)
            return _unavailable(environ, action).send(start_response)
        except Exception as error:
            LOG.exception("%s failed inside moto", action.key)
            message = f"{action.key} failed on the embedded AWS: {error!r}. Its log has the trace."
            return aws_error(environ, action.service, 500, "InternalFailure", message).send(start_response)
        LOG.debug("%s %s", action.key, held.status)
        if held.status.startswith("404") and NO_ROUTE in body:
            LOG.warning("%s is not available on the embedded AWS: no route", action.key)
            return _unavailable(environ, action).send(start_response)
        if held.status.startswith("404") and (hidden := self.judge.hide_absence(environ, action)):
            return hidden.send(start_response)
        start_response(held.status, held.headers)
        return [body]


class _Moto(DomainDispatcherApplication):
    """moto's dispatcher, which says so when it has no such service."""

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str, str] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The name of moto's module for a host; None is asked first and means "look at the request".

        moto lists its own directory for each answer, so answers are kept: one per service and region.
        """
        if host is None:
            return None
        if host not in self._backends:
            backend = super().get_backend_for_host(host)
            if backend is None:
                raise NotImplementedError(f"no service answers for {host}")
            self._backends[host] = backend
        return self._backends[host]


class _HeldResponse:
    """Keeps status and headers until the body is known."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        del exc_info
        self.status, self.headers = status, headers
        return lambda _: None


def _unavailable(environ: WSGIEnvironment, action: Action) -> Reply:
    message = f"{action.key} is not available on the embedded AWS."
    return aws_error(environ, action.service, 501, "NotAvailableOnEmbeddedAWS", message)


def _hang_up(environ: WSGIEnvironment, action: Action) -> None:
    LOG.info("%s was executed and its reply is lost, as asked", action.key)
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("the reply is lost, as asked")
