"""The one sentence with which the small modules fail: what failed, where, why, and what to do."""

from __future__ import annotations

from .aws import Connection
from .credentials import explain
from .errors import AirliftError

try:
    from botocore.exceptions import BotoCoreError, ClientError

    AWS_ERRORS: tuple[type[Exception], ...] = (AirliftError, OSError, BotoCoreError, ClientError)
except ImportError:  # said in one sentence by Session
    AWS_ERRORS = (AirliftError, OSError)

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_MISSING = {"ResourceNotFoundException", "TargetGroupNotFound", "ParameterNotFound"}


def failure(what: str, connection: Connection, error: Exception) -> str:
    """Return ``Failed to <what> in <region>: <why>. <what to do>`` for one of ``AWS_ERRORS``.

    ``what`` is verb, kind and name: ``read secret demo/api-keys``.
    """
    region = connection.region or "the default region"
    return f"Failed to {what} in {region}: {_why(error, connection)}"


def _why(error: Exception, connection: Connection) -> str:
    response = getattr(error, "response", None)
    reason = response.get("Error", {}) if isinstance(response, dict) else {}
    code, message = reason.get("Code", ""), reason.get("Message", "")
    if code in _DENIED:
        return f"{code} {message}. Allow it to these credentials."
    if code in _MISSING:
        return f"{code} {message}. Run playbooks/provision.yml."
    if isinstance(error, (AirliftError, OSError)):
        return str(error)
    return str(explain(error, connection.region or "", connection.endpoint_url, True))
