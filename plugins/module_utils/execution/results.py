"""What each module returns, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .. import audit, certificates
from ..arguments import connection, stack_options
from ..aws.session import Session
from ..blueprint import ingress, network
from ..blueprint.options import StackOptions
from ..cost import render as cost
from ..cost.budget import over_budget
from ..cost.estimate import Estimate, estimate
from ..errors import AirliftError
from ..price_file import price_list
from ..reconcile import render
from ..reconcile.model import Wanted
from ..reconcile.plan import Plan
from ..resources.registry import KINDS
from . import host_checks
from .agents import keep_reachable
from .apply import Outcome
from .outputs import outputs
from .progress import Messages, Progress
from .stack import Stack, after, preview
from .teardown import Removal, find_stack, remove

type Arguments = Mapping[str, Any]
type Result = dict[str, Any]

type Lock = Callable[[], AbstractContextManager[object]]
"""Makes what keeps other runs off the stack while it is entered. Raises ``LockedError`` on the way in."""

_RESUME = "Run the same command again: it goes on from here."


def present(arguments: Arguments, check: bool, messages: Messages, lock: Lock = nullcontext) -> Result:
    """Make the stack exist as wanted; with ``check``, return what that would do.

    Raises ``AirliftError`` for everything that is wrong before the first change.
    """
    stack = _stack(arguments, messages)
    for warning in network.warnings(stack.options):
        messages.warn(warning)
    if stack.options.ingress is not None:
        certificates.check(stack.options.ingress)
    plan_of = preview(stack, arguments["destroy_data"])
    bill = estimate(plan_of.wanted, plan_of.facts.region, price_list())
    _keep_to_budget(bill, arguments["budget_monthly_usd"], check, messages)
    if not plan_of.plan.changing or check:
        plan, outcome = plan_of.plan, None
        _check_hosts(stack, plan, arguments, check, messages)
        stack.announce(plan)
    else:
        with lock():
            # Until the lock was ours another run may have been at work.
            plan_of = preview(stack, arguments["destroy_data"])
            plan = plan_of.plan
            _check_hosts(stack, plan, arguments, check, messages)
            stack.announce(plan)
            outcome = stack.run(plan, plan_of.context)
            if plan.changing:
                _write_down(stack, "provision", plan, [outcome], messages)
        for sentence in host_checks.moved(plan, outcome):
            messages.warn(sentence)
    for sentence in render.doubles(plan, stack.kinds):
        messages.warn(sentence)
    wanted = stack.options.ingress
    result = _planned(plan)
    result["outputs"] = outputs(
        after(plan, outcome),
        plan_of.facts.account_id,
        plan_of.facts.region,
        wanted.domain if wanted else None,
    )
    result["cost"] = cost.as_data(bill)
    return result | _done_and_failed([outcome] if outcome else [])


def _check_hosts(stack: Stack, plan: Plan, arguments: Arguments, check: bool, messages: Messages) -> None:
    """Raise ``AirliftError`` where ``plan`` would leave no host that serves, or one that nobody reaches."""
    host_checks.keep_serving(plan, arguments["replace_hosts"], check, messages)
    keep_reachable(stack.session, stack.options.compute.access, plan, check, messages)


def _keep_to_budget(bill: Estimate, budget_usd: int | None, check: bool, messages: Messages) -> None:
    """Raise ``AirliftError`` if the stack would cost more than its owner will spend, or that is not known."""
    if (refusal := over_budget(bill, budget_usd)) is None:
        return
    if not check:
        raise AirliftError(f"{refusal.message} Nothing was changed.", refusal.remedy)
    messages.warn(f"{refusal.message} Outside check mode that is refused. {refusal.remedy}")


def absent(arguments: Arguments, check: bool, messages: Messages, lock: Lock = nullcontext) -> Result:
    """Remove the stack; with ``check``, return what would go."""
    lenient = {**arguments, "ingress": None}
    stack = _stack(lenient, messages)
    with nullcontext() if check else lock():
        removal = remove(stack, arguments["destroy_data"], check)
        if not arguments["destroy_data"] and any(outcome.done for outcome in removal.outcomes):
            _write_down(stack, "destroy", removal.plan, removal.outcomes, messages)
    result = _planned(removal.plan) | _done_and_failed(removal.outcomes)
    for sentence in render.doubles(removal.plan, KINDS):
        messages.warn(sentence)
    result["unmanaged"] = list(removal.unmanaged)
    if removal.unmanaged:
        messages.warn(
            f"These carry the tag of stack {arguments['name']}, but Airlift did not make them and left them "
            f"alone: {', '.join(removal.unmanaged)}"
        )
    if removal.remaining:
        result["failed"] = True
        result["msg"] = "\n".join(filter(None, [result.get("msg"), _remaining(removal)]))
    return result


def info(arguments: Arguments) -> Result:
    """Return what there is of the stack."""
    session = Session(connection(arguments))
    there = find_stack(
        Stack(session, StackOptions.parse({"name": arguments["name"], "region": session.region}))
    )
    by_key = {one.key: one for one in sorted(there.found, key=lambda one: not one.copied)}
    certificate = by_key.get(ingress.CERTIFICATE)
    return {
        "exists": bool(there.found),
        "outputs": outputs(
            by_key,
            there.facts.account_id,
            there.facts.region,
            certificate.outputs.get("domain") if certificate else None,
        ),
        "resources": [{"kind": one.kind, "key": one.key, "id": one.id} for one in there.found],
        "cost": cost.as_data(
            estimate(
                [Wanted(one.kind, one.key, one.properties) for one in there.found],
                there.facts.region,
                price_list(),
            )
        ),
    }


def _stack(arguments: Arguments, messages: Messages) -> Stack:
    session = Session(connection(arguments))
    return Stack(
        session,
        stack_options(arguments, session.region),
        Progress(messages.say, messages.say_when_interrupted),
    )


def _write_down(
    stack: Stack, action: str, plan: Plan, outcomes: Sequence[Outcome], messages: Messages
) -> None:
    last = outcomes[-1]
    outcome = "interrupted" if last.interrupted else "failed" if last.failures else "done"
    what = ", ".join(
        f"{count} to {verb}" for verb, count in plan.count().items() if count and verb not in ("none", "keep")
    )
    if left := len(last.failures) + len(last.waiting) + len(last.running):
        what += f"; {left} not done"
    if warning := audit.record(stack.session, stack.options.name, action, what, outcome):
        messages.warn(warning)


def _planned(plan: Plan) -> Result:
    return {
        "changed": bool(plan.changing),
        "failed": False,
        "plan": render.as_data(plan, KINDS),
        "summary": plan.count(),
        "diff": {"prepared": render.text(plan, KINDS) if plan.changing else ""},
    }


def _done_and_failed(outcomes: Sequence[Outcome]) -> Result:
    """Return what was done, and everything that went wrong, in words."""
    if not outcomes:
        return {}
    last = outcomes[-1]
    done = [operation for outcome in outcomes for operation in outcome.done]
    result: Result = {
        "timings": {name: seconds for outcome in outcomes for name, seconds in outcome.seconds.items()},
    }
    # A failure that a later round has put right is none.
    failures = [str(failure) for failure in last.failures]
    if not failures and not last.interrupted:
        return result
    lines = ["Interrupted."] if last.interrupted else []
    lines += failures
    lines.append(f"{len(done)} steps are done" + (f", {len(last.waiting)} wait." if last.waiting else "."))
    if last.running:
        unfinished = ", ".join(f"{one.verb} {one.step.key}" for one in last.running)
        lines.append(f"Begun and not waited for: {unfinished}.")
    lines.append(_RESUME)
    return result | {
        "failed": True,
        "changed": bool(done),
        "failures": failures,
        "msg": "\n".join(lines),
    }


def _remaining(removal: Removal) -> str:
    """Say what should be gone and is not, that which costs money first."""
    costly = [one for one in removal.remaining if KINDS[one.kind].billable]
    others = [one for one in removal.remaining if not KINDS[one.kind].billable]
    lines = [
        f"Still there, and it costs money: {KINDS[one.kind].name} {one.key} ({one.id})." for one in costly
    ]
    lines += [f"Still there: {KINDS[one.kind].name} {one.key} ({one.id})." for one in others]
    return "\n".join(lines)
