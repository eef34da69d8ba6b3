"""What can be asked of an account before anything is changed, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import certificates
from ..aws.errors import call_error, code_of
from ..errors import AirliftError
from ..reconcile import render
from ..reconcile.model import Action
from .discovery import in_parallel
from .quotas import Room, room_for
from .stack import Preview, Stack, preview

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeInfoTypeDef

_GIB = 1 << 30
_SYSTEM_DISK_BYTES = 8 * _GIB
"""Debian, Docker, and the images of two releases."""

_SYSTEM_MEMORY_BYTES = _GIB
"""Debian, Docker, the edge, and an engine without its model."""

_MAKING = {Action.CREATE, Action.REPLACE}
_MAY_NOT_ASK = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. ``fault`` is None where it could not be asked; ``said`` then says why."""

    question: str
    fault: bool | None
    said: str


def ask(stack: Stack, model_bytes: int | None) -> list[Answer]:
    """Ask everything, and change nothing. Raises ``AirliftError`` where AWS does not say who we are.

    ``model_bytes`` is what the model's files are in all, where that is known.
    """
    identity = stack.session.verify_access()
    compute = stack.options.compute
    calls: dict[str, Callable[[], Any]] = {
        "certificate": lambda: _certificate(stack),
        "plan": lambda: preview(stack),
        "quota": lambda: room_for(stack.session, compute.instance_type, spot=compute.spot),
        "instance type": lambda: _instance_type(stack),
    }
    results = in_parallel(calls)
    answers = [Answer("credentials", False, f"{identity.arn} in account {identity.account_id}.")]
    judges: Mapping[str, Callable[[Any], list[Answer]]] = {
        "certificate": lambda _: (
            [] if stack.options.ingress is None else [_fine("certificate", "It is valid.")]
        ),
        "plan": lambda plan: [_fine("plan", f"{render.summary(plan.plan).rstrip('.')}.")],
        "quota": lambda room: [_quota(stack, room, results["plan"], results["instance type"])],
        "instance type": lambda info: _model(stack, info, model_bytes),
    }
    for question, judge in judges.items():
        result = results[question]
        if isinstance(result, Exception):
            answers.append(_failed(question, result, stack.session.region))
        else:
            answers.extend(judge(result))
    return answers


def _fine(question: str, said: str) -> Answer:
    return Answer(question, False, said)


def _failed(question: str, error: Exception, region: str) -> Answer:
    """Return a fault; of what the owner may not ask, or the endpoint does not know, that it stays unknown."""
    if isinstance(error, AirliftError):
        return Answer(question, True, str(error))
    said = call_error(error, "ask for", f"the {question}", region)
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    unknown = code_of(error) in _MAY_NOT_ASK or status in (404, 501)
    return Answer(question, None if unknown else True, str(said))


def _certificate(stack: Stack) -> str:
    if stack.options.ingress is None:
        return "There is no load balancer, so none is needed."
    certificates.check(stack.options.ingress)
    return f"It is for {stack.options.ingress.domain}, and the key belongs to it."


def _instance_type(stack: Stack) -> InstanceTypeInfoTypeDef | None:
    """Return what AWS says of the instance type, None where it does not know it: the plan says that."""
    wanted: list[FilterTypeDef] = [{"Name": "instance-type", "Values": [stack.options.compute.instance_type]}]
    types = stack.session.client("ec2").describe_instance_types(Filters=wanted)["InstanceTypes"]
    return types[0] if types else None


def _quota(stack: Stack, room: Room | None, plan: Any, info: Any) -> Answer:
    compute = stack.options.compute
    if room is None:
        return Answer("quota", None, f"The account lists no quota of vCPUs for {compute.instance_type}.")
    said = f"{room.name}: {room.used} of {room.limit} vCPUs are in use"
    if not isinstance(plan, Preview) or not isinstance(info, dict):
        return _fine("quota", f"{said}.")
    hosts = sum(step.kind == "instance" and step.action in _MAKING for step in plan.plan.steps)
    needed = hosts * info["VCpuInfo"]["DefaultVCpus"]
    if room.used + needed <= room.limit:
        return _fine("quota", f"{said}, {needed} more are needed.")
    return Answer(
        "quota",
        True,
        f"{said}, and {hosts} hosts of {compute.instance_type} need {needed} more. Ask for a higher quota "
        f"(Service Quotas, Amazon EC2, {room.name}), or set compute.count or compute.instance_type lower.",
    )


def _model(stack: Stack, info: InstanceTypeInfoTypeDef | None, model_bytes: int | None) -> list[Answer]:
    """Judge memory and disk of the hosts by the model's size."""
    if model_bytes is None:
        return [Answer("model", None, "How large it is shows only when it has been fetched.")]
    compute = stack.options.compute
    size = f"The model's files are {model_bytes / _GIB:.1f} GiB"
    answers = []
    if info is not None:
        memory = info["MemoryInfo"]["SizeInMiB"] << 20
        fits = model_bytes + _SYSTEM_MEMORY_BYTES <= memory
        answers.append(
            Answer(
                "memory",
                not fits,
                f"{size}; a {compute.instance_type} has {memory / _GIB:.1f} GiB of memory"
                + ("." if fits else ", which is too little. Set compute.instance_type to a larger one."),
            )
        )
    fits = model_bytes + _SYSTEM_DISK_BYTES <= compute.volume_gib * _GIB
    return [
        *answers,
        Answer(
            "disk",
            not fits,
            f"{size}; a host's volume has {compute.volume_gib} GiB"
            + (
                "."
                if fits
                else f", {_SYSTEM_DISK_BYTES // _GIB} of them for the system. Set compute.volume_gib higher."
            ),
        ),
    ]
