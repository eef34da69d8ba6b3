"""Reading properties in the type that a call to AWS takes, and errors by their code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeGuard, cast
from urllib.parse import unquote

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..reconcile.model import Change, Value
from .kind import Context

type Properties = Mapping[str, Value]


def text(properties: Properties, name: str) -> str:
    """Return a property that has to be a string."""
    value = properties[name]
    assert isinstance(value, str), f"{name} is not resolved: {value!r}"
    return value


def optional_text(properties: Properties, name: str) -> str | None:
    """Return a string property, or None where it is unmanaged."""
    return text(properties, name) if properties.get(name) is not None else None


def number(properties: Properties, name: str) -> int:
    """Return a property that has to be a whole number."""
    value = properties[name]
    assert isinstance(value, int), f"{name} is no number: {value!r}"
    return value


def texts(properties: Properties, name: str) -> list[str]:
    """Return a property that has to be a list of strings."""
    value = properties[name]
    assert _is_list(value), f"{name} is no list: {value!r}"
    return [text({name: item}, name) for item in value]


def mapping(properties: Properties, name: str) -> Properties:
    """Return a property that has to be a mapping."""
    value = properties[name]
    assert isinstance(value, Mapping), f"{name} is no mapping: {value!r}"
    return value


def touched(changes: Sequence[Change]) -> set[str]:
    """Return the names of the properties in which something differs."""
    return {change.path.split(".", 1)[0] for change in changes}


def arn(context: Context, service: str, resource: str) -> str:
    """Return the ARN of one of our account's resources in our region, for APIs that do not return it."""
    return f"arn:{context.session.partition}:{service}:{context.region}:{context.account_id}:{resource}"


def document(policy: object) -> dict[str, Value]:
    """Return an AWS policy in one shape, whatever shape AWS stored.

    Takes JSON, URL-encoded JSON (IAM) or the decoded mapping (botocore decodes some). Where the policy
    language allows a string or a list of one, it becomes a list.
    """
    if isinstance(policy, str):
        policy = json.loads(policy if policy.lstrip().startswith("{") else unquote(policy))
    assert isinstance(policy, dict)
    return {**policy, "Statement": [_statement(one) for one in _listed(policy["Statement"])]}


@contextmanager
def absent(*codes: str) -> Iterator[None]:
    """Take errors with one of ``codes`` as the answer that nothing is there."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def _statement(statement: object) -> dict[str, Value]:
    assert isinstance(statement, dict)
    result = dict(statement)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in result:
            result[name] = _listed(result[name])
    for name in ("Principal", "NotPrincipal"):
        if isinstance(result.get(name), dict):
            result[name] = {kind: _listed(who) for kind, who in result[name].items()}
    if "Condition" in result:
        result["Condition"] = {
            operator: {key: _listed(values) for key, values in keys.items()}
            for operator, keys in result["Condition"].items()
        }
    return cast("dict[str, Value]", result)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
