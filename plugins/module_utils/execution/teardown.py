"""Teardown: delete, find again until nothing is there, and check that with the tagging API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.session import Session
from ..blueprint.options import Facts
from ..blueprint.stack import collect
from ..errors import AirliftError
from ..reconcile.model import Found
from ..reconcile.plan import Plan, removal
from ..resources.arns import PARTS, TYPES, type_of
from ..resources.instance import GROUP_TAG
from ..resources.kind import KEY_TAG, STACK_TAG, Context
from .account_facts import facts
from .apply import Outcome
from .discovery import find_all
from .stack import Stack

_ROUNDS = 5
_LAG_SECONDS = (1.0, 3.0, 8.0, 20.0)
"""How long to wait, round after round, for lists that go on showing what is deleted."""


@dataclass(slots=True)
class Removal:
    """What a teardown did: its first plan, one outcome per round, and what remains.

    ``remaining`` should be gone and is not. ``unmanaged`` are ARNs that carry the stack's tag and that no
    kind of Airlift's knows: they are reported, not deleted.
    """

    plan: Plan
    outcomes: list[Outcome] = field(default_factory=list)
    remaining: tuple[Found, ...] = ()
    unmanaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundStack:
    """Everything of the stack that there is."""

    facts: Facts
    context: Context
    protected: frozenset[str]
    found: tuple[Found, ...]


def find_stack(stack: Stack) -> FoundStack:
    """Find the whole stack. Options that make no sense must not keep anybody from removing it."""
    known = facts(stack.session)
    wanted, _errors = collect(stack.options, known)
    context = replace(stack.context(known.account_id), thorough=True)
    protected = frozenset(resource.key for resource in wanted if resource.protected)
    return FoundStack(known, context, protected, find_all(context, wanted, stack.kinds))


def remove(stack: Stack, data_may_go: bool, check: bool) -> Removal:
    """Delete the stack; what holds data only if ``data_may_go``. With ``check``, only say what would go."""
    there = find_stack(stack)
    plan = removal(there.found, stack.kinds, there.protected, data_may_go)
    stack.check_protection(plan)
    if not check:
        _check_copies(plan, stack)
    stack.announce(plan)
    result = Removal(plan)
    if check:
        return result
    rest = plan
    gone: set[tuple[str, str]] = set()
    while rest.changing and len(result.outcomes) < _ROUNDS:
        outcome = stack.run(rest, there.context)
        result.outcomes.append(outcome)
        gone |= {_identity(one.step.found) for one in outcome.done if one.step.found is not None}
        for seconds in (0.0, *_LAG_SECONDS):
            if seconds and stack.stopping.wait(seconds):
                break
            there = find_stack(stack)
            rest = removal(there.found, stack.kinds, there.protected, data_may_go)
            left = {_identity(step.found) for step in rest.changing if step.found is not None}
            if not left or not left <= gone:
                break
        if outcome.interrupted or (outcome.failures and not outcome.done):
            break
    result.remaining = tuple(step.found for step in rest.changing if step.found is not None)
    result.unmanaged = unmanaged(stack.session, stack.options.name)
    return result


def _check_copies(plan: Plan, stack: Stack) -> None:
    """Raise ``AirliftError`` if a copy of ours is kept: what it stands in could not be deleted."""
    copies = [step.found for step in plan.kept if step.found is not None and step.found.copied]
    if copies:
        names = ", ".join(f"{stack.kinds[one.kind].name} {one.id} ({one.key})" for one in copies)
        raise AirliftError(
            f"Somebody copied what has the tags of this stack: {names}. The network cannot go while it is "
            "there. Nothing was changed.",
            "Terminate it, or set destroy_data to true (-e airlift_destroy_data=true) to have it go too.",
        )


def _identity(found: Found) -> tuple[str, str]:
    return found.kind, found.id


def unmanaged(session: Session, stack: str) -> tuple[str, ...]:
    """Return the ARNs that the tagging API lists under the stack's tag and that no kind could have found.

    What carries our key and is of a type that a kind knows is left out: the kind has been asked and knows
    better, while this API lags by minutes and goes on listing what was deleted. Where it may not be asked
    (no permission, not on the embedded AWS) it has nothing to say.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    try:
        pages = (
            session.client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": STACK_TAG, "Values": [stack]}], TagsPerPage=500)
        )
        listed = [
            (one["ResourceARN"], {tag["Key"] for tag in one["Tags"]})
            for page in pages
            for one in page["ResourceTagMappingList"]
        ]
    except (BotoCoreError, ClientError):
        return ()
    known = frozenset(TYPES.values()) | PARTS
    unknown = {
        arn for arn, tags in listed if KEY_TAG not in tags or GROUP_TAG in tags or type_of(arn) not in known
    }
    return tuple(sorted(unknown | _volumes(session, [arn for arn, _ in listed])))


def _volumes(session: Session, listed: Sequence[str]) -> set[str]:
    """Return the volumes among ``listed`` that are still there: one without its instance costs money."""
    by_id = {arn.rsplit("/", 1)[-1]: arn for arn in listed if type_of(arn) == "ec2:volume"}
    if not by_id:
        return set()
    pages = session.client("ec2").get_paginator("describe_volumes")
    asked = pages.paginate(Filters=[{"Name": "volume-id", "Values": sorted(by_id)}])
    there = [volume for page in asked for volume in page["Volumes"]]
    return {by_id[volume["VolumeId"]] for volume in there if volume["State"] not in ("deleting", "deleted")}
