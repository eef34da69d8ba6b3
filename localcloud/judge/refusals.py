"""A refusal in AWS's words: code, status and sentence differ by the protocol of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.actions import Action
from localcloud.judge.policy import Ask, Principal
from localcloud.judge.principals import UnknownKeyError
from localcloud.replies import Reply, aws_error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

type Shape = tuple[int, str]
"""(status, code)."""

EC2, S3, QUERY, JSON, REST = "ec2", "s3", "query", "json", "rest"
DENIED: dict[str, Shape] = {
    EC2: (403, "UnauthorizedOperation"),
    S3: (403, "AccessDenied"),
    QUERY: (403, "AccessDenied"),
    JSON: (400, "AccessDeniedException"),
    REST: (403, "AccessDeniedException"),
}
UNKNOWN: dict[str, Shape] = {
    EC2: (401, "AuthFailure"),
    S3: (403, "InvalidAccessKeyId"),
    QUERY: (403, "InvalidClientTokenId"),
    JSON: (400, "UnrecognizedClientException"),
    REST: (403, "UnrecognizedClientException"),
}
EXPIRED: dict[str, Shape] = {
    EC2: (400, "RequestExpired"),
    S3: (400, "ExpiredToken"),
    QUERY: (403, "ExpiredToken"),
    JSON: (400, "ExpiredTokenException"),
    REST: (403, "ExpiredTokenException"),
}
UNSIGNED: dict[str, Shape] = {
    EC2: (401, "AuthFailure"),
    S3: (403, "AccessDenied"),
    QUERY: (403, "MissingAuthenticationToken"),
    JSON: (400, "MissingAuthenticationTokenException"),
    REST: (403, "MissingAuthenticationTokenException"),
}
WORDS_OF_KEYS = {
    "AuthFailure": "AWS was not able to validate the provided access credentials",
    "InvalidAccessKeyId": "The AWS Access Key Id you provided does not exist in our records.",
    "RequestExpired": "Request has expired.",
}


def protocol(environ: WSGIEnvironment, service: str) -> str:
    """Which of the shapes above a request's service answers in."""
    if service == "ec2":
        return EC2
    if service in ("s3", "unsigned"):
        return S3
    if "HTTP_X_AMZ_TARGET" in environ:
        return JSON
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www") or service == "monitoring":
        return QUERY
    return REST


def denied(environ: WSGIEnvironment, action: Action, who: Principal, ask: Ask, why: str) -> Reply:
    """IAM says no."""
    status, code = DENIED[protocol(environ, action.service)]
    sentence = sentence_of(who, ask, why)
    if action.service == "ec2":
        sentence = f"You are not authorized to perform this operation. {sentence}"
    return _reply(environ, action, status, code, sentence)


def sentence_of(who: Principal, ask: Ask, why: str) -> str:
    """Who may not do what with which resource, and which kind of policy is the reason."""
    subject = f"User: {who.arn}" if who.kind != "Anonymous" else "User: Anonymous"
    about = "" if ask.resource == "*" else f" on resource: {ask.resource}"
    return f"{subject} is not authorized to perform: {ask.action}{about} {why}"


def unknown(environ: WSGIEnvironment, action: Action, key: UnknownKeyError) -> Reply:
    """The key opens nothing."""
    kind = protocol(environ, action.service)
    status, code = (EXPIRED if key.expired else UNKNOWN)[kind]
    if key.token and kind == S3:
        status, code = 400, "InvalidToken"
    default = (
        "The security token included in the request is expired"
        if key.expired
        else "The security token included in the request is invalid."
    )
    return _reply(environ, action, status, code, WORDS_OF_KEYS.get(code, default))


def unsigned(environ: WSGIEnvironment, action: Action) -> Reply:
    """The request has no signature, and its service asks for one."""
    status, code = UNSIGNED[protocol(environ, action.service)]
    return _reply(environ, action, status, code, "Request is missing Authentication Token")


def _reply(environ: WSGIEnvironment, action: Action, status: int, code: str, sentence: str) -> Reply:
    reply = aws_error(environ, action.service, status, code, sentence)
    if environ["REQUEST_METHOD"] == "HEAD":
        return Reply(reply.status, b"", reply.content_type, reply.headers)
    return reply
