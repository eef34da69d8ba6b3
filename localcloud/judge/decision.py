"""IAM's evaluation of one question within one account: pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.judge.policy import Ask, Match, Principal, Statement

type Policies = Sequence[Statement]

IDENTITY, RESOURCE, BOUNDARY, SESSION = (
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
)


@dataclass(frozen=True)
class Held:
    """What applies to a principal."""

    principal: Principal
    identity: Policies = ()
    boundary: Policies | None = None
    """None: it has none."""
    session: Policies | None = None


@dataclass(frozen=True)
class ResourcePolicy:
    """What a resource says itself."""

    statements: Policies = ()
    required: bool = False
    """Whether nothing is allowed that it does not allow, as with keys of KMS and the trust of roles."""


NO_POLICY = ResourcePolicy()


def refusal(ask: Ask, held: Held, resource: ResourcePolicy = NO_POLICY) -> str | None:
    """Why it is refused, in AWS's words; None when it is allowed."""
    who = held.principal
    named = [
        (statement, match)
        for statement in resource.statements
        if (match := statement.match(who)) is not Match.NOT and statement.concerns(ask)
    ]
    denied = _denied(ask, held, any(statement.effect == "Deny" for statement, _ in named))
    if denied is not None:
        article = "an" if denied == IDENTITY else "a"
        return f"with an explicit deny in {article} {denied}"
    grants: set[Match] = {match for statement, match in named if statement.effect == "Allow"}
    missing = _missing(ask, held, grants, resource.required)
    return f"because no {missing} allows the {ask.action} action" if missing else None


def _denied(ask: Ask, held: Held, by_resource: bool) -> str | None:
    """The kind of policy that denies it."""
    for kind, policies in ((IDENTITY, held.identity), (BOUNDARY, held.boundary), (SESSION, held.session)):
        if policies and _says(policies, ask, "Deny"):
            return kind
    return RESOURCE if by_resource else None


def _missing(ask: Ask, held: Held, grants: set[Match], required: bool) -> str | None:
    """The kind of policy that had to allow it and does not."""
    if required and not grants:
        return RESOURCE
    if held.principal.kind == "Account" or Match.ITSELF in grants:
        return None
    if held.principal.kind in ("Anonymous", "Service"):
        return RESOURCE
    needed = [] if Match.ROLE in grants else [(IDENTITY, held.identity)]
    needed += [(BOUNDARY, held.boundary)] if held.boundary is not None else []
    needed += [(SESSION, held.session)] if held.session is not None else []
    return next((kind for kind, policies in needed if not _says(policies, ask, "Allow")), None)


def _says(policies: Policies, ask: Ask, effect: str) -> bool:
    return any(one.effect == effect and one.concerns(ask) for one in policies)
