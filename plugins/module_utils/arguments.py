"""How every module of this collection is told where AWS is and who asks: see the fragment airlift.stack.aws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .access import explain
from .aws import Connection
from .reconcile.errors import AirliftError

AWS_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
}
"""The argument spec of the connection to AWS."""


def connection(params: Mapping[str, Any]) -> Connection:
    """Return the connection that a module's parameters ask for; what is empty counts as not given."""
    return Connection(**{name: params.get(name) or None for name in AWS_ARGUMENTS})


def failure(verb: str, params: Mapping[str, Any], name: str, error: Exception) -> str:
    """Return ``Failed to <verb> <name> in <region>: <why>. <what to do>`` for an error of AWS or ours."""
    region = str(params.get("region") or "the default region")
    if isinstance(error, AirliftError):
        return f"Failed to {verb} {params[name]} in {region}: {error}"
    return f"Failed to {verb} {params[name]} in {region}: {_reason(error, params, region)}"


def _reason(error: Exception, params: Mapping[str, Any], region: str) -> str:
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    if code in {"AccessDenied", "AccessDeniedException", "ResourceNotFoundException", "TargetGroupNotFound"}:
        return f"{error}. Check the name, and that these credentials may read it."
    return str(explain(error, region, params.get("endpoint_url"), True))
