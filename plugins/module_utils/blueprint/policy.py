"""IAM policies and ARNs as data, in the shape in which they are compared: lists wherever a list may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..reconcile.model import Value
from .options import Facts


def document(*statements: Mapping[str, Value]) -> dict[str, Value]:
    """Return a policy of ``statements``."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[Value],
    condition: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> dict[str, Value]:
    """Return a statement of an identity's policy that allows ``actions`` on ``resources``."""
    statement: dict[str, Value] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    if condition:
        statement["Condition"] = {
            operator: {key: list(values) for key, values in keys.items()}
            for operator, keys in condition.items()
        }
    return statement


def arn(facts: Facts, service: str, resource: str) -> str:
    """Return the ARN of something in the account and region of the stack."""
    return f"arn:{facts.partition}:{service}:{facts.region}:{facts.account_id}:{resource}"
