"""What a plan or a run does to hosts that the owner has to know: a gap, a place other than planned."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import AirliftError
from ..reconcile.model import Action, Reference
from ..reconcile.plan import Plan
from ..reconcile.schedule import Verb
from .apply import Outcome
from .progress import Messages
from .stack import after


def keep_serving(plan: Plan, allowed: bool, check: bool, messages: Messages) -> None:
    """Raise ``AirliftError`` if every host would be replaced at once: new ones serve only once released."""
    hosts = [step for step in plan.steps if step.kind == "instance"]
    staying = [step for step in hosts if step.action in (Action.NONE, Action.UPDATE)]
    going = [step.key for step in hosts if step.action is Action.REPLACE]
    if allowed or staying or not going:
        return
    what = f"This replaces every host at once ({', '.join(going)}), and new ones serve only once released."
    remedy = (
        "Accept the gap with replace_hosts (-e airlift_replace_hosts=true), or bring up a second stack "
        "beside this one and move the domain to it."
    )
    refuse(what, remedy, check, messages)


def refuse(what: str, remedy: str, check: bool, messages: Messages) -> None:
    """Raise ``AirliftError``; in check mode warn of it, so that the plan is seen, too."""
    if not check:
        raise AirliftError(what, remedy)
    messages.warn(f"{what} Outside check mode that is refused. {remedy}")


def moved(plan: Plan, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each new host that is in another zone than planned, as that one has no room."""
    there = after(plan, outcome)
    for operation in outcome.done:
        wanted, found = operation.step.wanted, outcome.found.get(operation.step.key)
        if operation.step.kind != "instance" or operation.verb is not Verb.CREATE or not (wanted and found):
            continue
        zones = {
            there[subnet.key].id: there[subnet.key].outputs["availability_zone"]
            for subnet in (wanted.properties["subnet"], *_listed(wanted.properties["other_subnets"]))
            if isinstance(subnet, Reference) and subnet.key in there
        }
        planned, subnet = next(iter(zones), ""), str(found.properties["subnet"])
        if subnet != planned:
            yield (
                f"{zones[planned]} has no room for {wanted.properties['instance_type']} now: "
                f"{operation.step.key} is in {zones[subnet]}, and stays there."
            )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
