"""Whether people reach the hosts: over SSM they do only where an agent answers."""

from __future__ import annotations

from collections.abc import Sequence

from ..aws.errors import AWS_ERRORS, call_error
from ..aws.session import Session
from ..blueprint.compute import KEY_PAIR
from ..reconcile.model import Action, Found
from ..reconcile.plan import Plan
from ..resources.ssm_agent import answering
from .host_checks import refuse
from .progress import Messages


def keep_reachable(session: Session, access: str, plan: Plan, check: bool, messages: Messages) -> None:
    """Raise ``AirliftError`` if ``plan`` takes SSH away from hosts that nobody would reach any more.

    Without that, a host whose agent does not answer is warned of: its first boot may have failed.
    """
    staying = [
        step.found
        for step in plan.steps
        if step.kind == "instance" and step.action in (Action.NONE, Action.UPDATE) and step.found is not None
    ]
    if access != "ssm" or not staying:
        return
    try:
        reached = answering(session, [one.id for one in staying])
    except AWS_ERRORS as error:
        raise call_error(error, "look for", "the hosts' SSM agents", session.region) from error
    silent = [one for one in staying if one.id not in reached]
    if not silent:
        return
    names = ", ".join(f"{one.key} ({one.id})" for one in silent)
    if _closes_ssh(plan):
        refuse(
            f"This takes SSH away, and the SSM agent of {names} does not answer: nobody would reach it.",
            "Set compute.access to both, provision, have the role host_baseline install the agent "
            "(host_baseline_ssm_agent_url, playbooks/configure.yml), and then set it to ssm.",
            check,
            messages,
        )
    else:
        messages.warn(_unreachable(names, silent))


def _closes_ssh(plan: Plan) -> bool:
    """Whether ``plan`` deletes the key pair or a rule that lets SSH in."""
    return any(
        step.action is Action.DELETE and (step.key == KEY_PAIR or "/ingress/ssh-from-" in step.key)
        for step in plan.steps
    )


def _unreachable(names: str, silent: Sequence[Found]) -> str:
    return (
        f"The SSM agent of {names} does not answer, so nobody reaches it. If it has just been started, wait. "
        "If its first boot failed (aws ec2 get-console-output says why), terminate it (aws ec2 "
        f"terminate-instances --instance-ids {' '.join(one.id for one in silent)}): the next run makes its "
        "successor."
    )
