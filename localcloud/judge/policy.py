"""Policy documents, and what their statements say of one question: pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from re import sub
from typing import Any

from localcloud.judge.conditions import Context, holds, like, pattern


@dataclass(frozen=True)
class Principal:
    """Who asks."""

    arn: str
    kind: str
    """`Account` (the root user), `User`, `AssumedRole`, `Service` or `Anonymous`."""
    role_arn: str = ""
    unique_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The account's 12 digits; empty for services and strangers."""
        return self.arn.split(":")[4] if self.arn.startswith("arn:") else ""


@dataclass(frozen=True)
class Ask:
    """One question of IAM: may this be done with that?"""

    action: str
    """`s3:GetObject`, in IAM's words."""
    resource: str = "*"
    context: Context = field(default_factory=dict)


class Match(Enum):
    """How a resource's policy names a principal."""

    NOT = 0
    ACCOUNT = 1
    """By its account: the account's own policies decide."""
    ROLE = 2
    """By the role that the session is of: its permissions boundary still limits it."""
    ITSELF = 3


@dataclass(frozen=True)
class Statement:
    """One statement."""

    effect: str
    elements: Mapping[str, tuple[str, ...]]
    """`Action`, `NotAction`, `Resource`, `NotResource` → texts with wildcards."""
    principals: Mapping[str, tuple[str, ...]] | None
    but_principals: Mapping[str, tuple[str, ...]] | None
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """(operator, key, values)."""

    def concerns(self, ask: Ask) -> bool:
        """Whether action, resource and conditions are met."""
        return (
            self._names("Action", ask.action.lower(), ask, ignore_case=True)
            and self._names("Resource", ask.resource, ask)
            and all(
                holds(operator, key, [fill(value, ask.context) for value in values], ask.context)
                for operator, key, values in self.conditions
            )
        )

    def _names(self, element: str, value: str, ask: Ask, ignore_case: bool = False) -> bool:
        if element in self.elements:
            return self._any(self.elements[element], value, ask, ignore_case)
        if f"Not{element}" in self.elements:
            return not self._any(self.elements[f"Not{element}"], value, ask, ignore_case)
        return element == "Resource"  # a trust policy names none

    @staticmethod
    def _any(wildcards: Sequence[str], value: str, ask: Ask, ignore_case: bool) -> bool:
        return any(
            pattern(fill(one, ask.context), ignore_case).fullmatch(value) is not None for one in wildcards
        )

    def match(self, principal: Principal) -> Match:
        """How it names a principal, where it is a resource's."""
        if self.but_principals is not None:
            return Match.ITSELF if _match(self.but_principals, principal) is Match.NOT else Match.NOT
        return _match(self.principals or {}, principal)


def _match(principals: Mapping[str, tuple[str, ...]], principal: Principal) -> Match:
    if principal.kind == "Service":
        named = principals.get("Service", ())
        return Match.ITSELF if principal.arn in named or "*" in principals.get("*", ()) else Match.NOT
    found = Match.NOT
    for one in (*principals.get("AWS", ()), *principals.get("*", ())):
        if one in ("*", principal.arn):
            return Match.ITSELF
        if one == principal.role_arn:
            found = Match.ROLE
        elif found is Match.NOT and principal.account_id and one in _names_of_account(principal):
            found = Match.ACCOUNT
    return found


def _names_of_account(principal: Principal) -> tuple[str, str]:
    partition = principal.arn.split(":")[1]
    return principal.account_id, f"arn:{partition}:iam::{principal.account_id}:root"


def fill(text: str, context: Context) -> str:
    """A text with its policy variables, such as `${aws:username}`, as this request has them."""
    if "${" not in text:
        return text

    def value(match: Any) -> str:
        key, _, default = match.group(1).partition(",")
        if key in ("*", "?", "$"):
            return str(key)
        found = context.get(key.strip().lower(), ())
        return found[0] if found else default.strip(" '") or match.group(0)

    return sub(r"\$\{([^}]+)\}", value, text)


@lru_cache(maxsize=1024)
def parse(document: str) -> tuple[Statement, ...]:
    """The statements of a policy document in JSON."""
    return tuple(_statement(one) for one in _list(json.loads(document).get("Statement", [])))


def _statement(content: Mapping[str, Any]) -> Statement:
    elements = ("Action", "NotAction", "Resource", "NotResource")
    conditions = [
        (operator, key, tuple(_texts(values)))
        for operator, keys in content.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return Statement(
        effect=content["Effect"],
        elements={name: tuple(_texts(content[name])) for name in elements if name in content},
        principals=_principals(content.get("Principal")),
        but_principals=_principals(content.get("NotPrincipal")),
        conditions=tuple(conditions),
    )


def _principals(content: Any) -> Mapping[str, tuple[str, ...]] | None:
    if content is None:
        return None
    if isinstance(content, str):
        return {"*": (content,)}
    return {kind: tuple(_texts(names)) for kind, names in content.items()}


def _texts(content: Any) -> list[str]:
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in _list(content)]


def _list(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


__all__ = ["Ask", "Context", "Match", "Principal", "Statement", "fill", "like", "parse"]
