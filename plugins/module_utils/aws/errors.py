"""The one place that words an error of AWS: what failed, for which resource, where, why, and what to do.

The release agent carries this file too. Botocore need not be there: what calls AWS says that it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import REPORT, AirliftError, CallError
from .remedies import AGAIN, WRONG_KEY, remedy

try:
    from botocore.exceptions import BotoCoreError, ClientError

    AWS_ERRORS: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
except ImportError:
    AWS_ERRORS = ()

_NO_CREDENTIALS = {
    "NoCredentialsError": (
        "No AWS credentials were found.",
        "Set access_key and secret_key, a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    "PartialCredentialsError": ("Only one half of the AWS credentials is set.", WRONG_KEY),
    "CredentialRetrievalError": ("The AWS credentials could not be retrieved.", "Sign in again."),
    "SSOTokenLoadError": ("There is no valid AWS SSO session.", "Run: aws sso login"),
    "UnauthorizedSSOTokenError": ("The AWS SSO session has expired.", "Run: aws sso login"),
    "TokenRetrievalError": ("The AWS SSO session has expired.", "Run: aws sso login"),
}
"""By botocore's exception."""

_NO_ANSWER = {"HTTPClientError", "ConnectionError", "EndpointConnectionError", "SSLError"}
"""Botocore's exceptions, and bases of exceptions, for a call to which no answer came."""


def call_error(  # noqa: PLR0913 - the parts of one sentence
    error: Exception,
    verb: str,
    what: str,
    region: str,
    what_to_do: str = "",
    *,
    endpoint_url: str | None = None,
) -> CallError:
    """Word ``error``: ``Failed to <verb> <what> in <region>: <code> <message>. <what to do>``.

    ``what`` is kind and name, as in ``secret demo/api-keys``. ``what_to_do`` is for callers who know better
    than what can be said by the code alone. ``endpoint_url`` is the endpoint in place of AWS itself.
    """
    code, message, usual = _words(error, endpoint_url)
    said = " ".join(part for part in (code, message.strip().rstrip(".")) if part)
    return CallError(f"Failed to {verb} {what} in {region}: {said}.", what_to_do or usual, code)


@contextmanager
def wording(verb: str, what: str, region: str, *, endpoint_url: str | None = None) -> Iterator[None]:
    """Turn what botocore raises within into the ``CallError`` that ``call_error`` makes of it."""
    try:
        yield
    except AWS_ERRORS as error:
        raise call_error(error, verb, what, region, endpoint_url=endpoint_url) from error


def code_of(error: Exception) -> str:
    """Return the code that AWS answered with, or nothing where ``error`` is no answer of AWS."""
    return _answer(error).get("Code", "")


def message_of(error: Exception) -> str:
    """Return what AWS answered beside the code."""
    return _answer(error).get("Message", "")


def no_credentials(error: Exception) -> tuple[str, str] | None:
    """Return a sentence and a remedy where ``error`` says that there are no credentials to call with."""
    return _NO_CREDENTIALS.get(type(error).__name__)


def unreachable(error: Exception, endpoint_url: str | None) -> tuple[str, str] | None:
    """Return a sentence and a remedy where ``error`` says that nothing answers at ``endpoint_url``."""
    if endpoint_url is None or not is_no_answer(error):
        return None
    return (
        f"Nothing answers at the AWS endpoint {endpoint_url}.",
        "Start what should listen there, or correct airlift_endpoint_url (or AWS_ENDPOINT_URL).",
    )


def is_no_answer(error: Exception) -> bool:
    """Whether the call did not reach AWS, or its answer did not reach us."""
    return isinstance(error, AWS_ERRORS) and not _NO_ANSWER.isdisjoint(
        base.__name__ for base in type(error).__mro__
    )


def _answer(error: Exception) -> dict[str, str]:
    response = getattr(error, "response", None)
    return response.get("Error", {}) if isinstance(response, dict) else {}


def _words(error: Exception, endpoint_url: str | None) -> tuple[str, str, str]:
    """Return code, message and remedy."""
    if isinstance(error, AirliftError):
        return "", error.message, error.remedy or AGAIN
    if code := code_of(error):
        message = message_of(error)
        return code, message, remedy(code, message, getattr(error, "operation_name", ""))
    if known := no_credentials(error) or unreachable(error, endpoint_url):
        return "", *known
    name = type(error).__name__
    if is_no_answer(error):
        return name, str(error), f"Check the network. {AGAIN}"
    if isinstance(error, AWS_ERRORS):
        return name, str(error), "Check the option that this comes from."
    return name, str(error), REPORT
