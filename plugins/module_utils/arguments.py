"""The modules' arguments: how to reach AWS, and the layers of a stack. Specs follow from the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from .aws.session import Connection
from .blueprint.options import IngressOptions, StackOptions
from .blueprint.stack import faults_without_aws
from .errors import BlueprintError
from .option_schema.ansible_words import Spec, spec
from .option_schema.declared import Option, declared
from .option_schema.reading import read


@dataclass(frozen=True, slots=True)
class StackTask:
    """What the task ``airlift.stack.aws_stack`` is told besides the stack and the connection."""

    state: Annotated[
        Literal["present", "absent"],
        Option(
            "With V(absent) the whole stack is deleted, in reverse order, and looked for again until nothing "
            "is found. What holds data (bucket, images, secret, releases) is then kept, unless "
            "O(destroy_data) is set."
        ),
    ] = "present"
    destroy_data: Annotated[
        bool, Option("Whether data may be deleted, by O(state=absent) or by a replacement.")
    ] = False
    budget_monthly_usd: Annotated[
        int | None,
        Option(
            "What the stack may cost a month, in USD by list prices, without what is charged by use. A stack "
            "that costs more, or of which that is not known, is refused before anything is changed.",
            minimum=1,
            maximum=10_000_000,
        ),
    ] = None
    replace_hosts: Annotated[
        bool,
        Option(
            "Whether all hosts may be replaced at once, as another instance type makes "
            "necessary. New hosts serve only once they are configured and released, so there is a gap."
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class LockOptions:
    """What a task that takes the stack's lock is told about it."""

    lock_wait_seconds: Annotated[
        int,
        Option(
            "For how many seconds to wait for another run on the same stack. Without waiting, this one says "
            "who is at work and ends."
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class LockTask:
    """What the task ``airlift.stack.stack_lock`` is told besides that and the connection."""

    name: Annotated[str, Option("The stack's name.")]
    purpose: Annotated[str, Option("What the run does, in a word that others are told: C(release).")]


@dataclass(frozen=True, slots=True)
class PreflightTask:
    """What the task ``airlift.stack.account_preflight`` is told besides the stack and the connection."""

    model_bytes: Annotated[
        int | None, Option("How much the model's files are in all, where that is known.")
    ] = None


@dataclass(frozen=True, slots=True)
class RunsTask:
    """What the task ``airlift.stack.stack_runs`` is told besides the connection."""

    name: Annotated[str, Option("The stack's name.")]
    count: Annotated[int, Option("How many of the last runs to return.", minimum=1, maximum=100)] = 10


@dataclass(frozen=True, slots=True)
class InfoTask:
    """What the task ``airlift.stack.aws_stack_info`` is told besides the connection."""

    name: Annotated[str, Option("The stack's name.")]


CONNECTION: Spec = spec(Connection)
"""The options of the documentation fragment ``airlift.stack.aws``."""

LAYERS: Spec = {name: option for name, option in spec(StackOptions).items() if "options" in option}
"""The layers of ``airlift.stack.aws_stack``."""

STACK_CLASSES = (StackOptions, StackTask, LockOptions, Connection)
STACK: Spec = spec(*STACK_CLASSES)
"""The arguments of ``airlift.stack.aws_stack``."""

PREFLIGHT_CLASSES = (StackOptions, PreflightTask, Connection)
PREFLIGHT: Spec = spec(*PREFLIGHT_CLASSES)
"""The arguments of ``airlift.stack.account_preflight``."""

LOCK_CLASSES = (LockTask, LockOptions, Connection)
LOCK: Spec = spec(*LOCK_CLASSES)
"""The arguments of ``airlift.stack.stack_lock``."""

RUNS_CLASSES = (RunsTask, Connection)
RUNS: Spec = spec(*RUNS_CLASSES)
"""The arguments of ``airlift.stack.stack_runs``."""

STACK_INFO_CLASSES = (InfoTask, Connection)
STACK_INFO: Spec = spec(*STACK_INFO_CLASSES)
"""The arguments of ``airlift.stack.aws_stack_info``."""

_FILES = {one.argument: one.field for one in declared(IngressOptions) if one.argument != one.field}


def connection(arguments: Mapping[str, Any]) -> Connection:
    """Return how to reach AWS; what is empty counts as not given."""
    return Connection(**{name: arguments.get(name) or None for name in CONNECTION})


def stack_options(arguments: Mapping[str, Any], region: str) -> StackOptions:
    """Return the wanted stack, with the text of the files that options name.

    Raises ``BlueprintError`` for options that cannot be, and for files that cannot be read.
    """
    errors: list[str] = []
    raw = _raw(arguments, errors)
    if errors:
        raise BlueprintError("\n".join(errors))
    return StackOptions.parse({**raw, "region": region})


def faults(classes: tuple[type[object], ...], arguments: Mapping[str, Any]) -> list[str]:
    """Return all that is wrong with a task's arguments, as far as that can be known without asking AWS."""
    errors: list[str] = []
    options = [one for cls in classes for one in declared(cls)]
    values = read(options, arguments, errors, as_arguments=True)
    if StackOptions in classes:
        unread = {name for name, value in arguments.items() if value is not None and name not in values}
        errors.extend(_stack_faults(values, unread, errors))
    return errors


def _stack_faults(values: Mapping[str, Any], unread: set[str], known: list[str]) -> list[str]:
    """Return what the layers say of those options that could be read, once for each option."""
    errors: list[str] = []
    raw = _raw(values, errors)
    if errors:
        unread.add("ingress")
    if values.get("state") == "absent":
        unread.update(LAYERS)
    told = {error.split(" ", 1)[0] for error in known}
    return errors + [error for error in faults_without_aws(raw, unread) if error.split(" ", 1)[0] not in told]


def _raw(arguments: Mapping[str, Any], errors: list[str]) -> dict[str, object]:
    """Return what ``StackOptions.parse`` takes; ingress is left out where a file of it cannot be read."""
    known = {one.field for one in declared(StackOptions)}
    raw = {name: value for name, value in arguments.items() if name in known and value is not None}
    tags: Mapping[object, object] = raw.get("tags") or {}
    raw["tags"] = {str(name): "" if value is None else str(value) for name, value in tags.items()}
    if isinstance(ingress := raw.get("ingress"), Mapping):
        raw["ingress"] = _with_files_read(ingress, errors)
        if errors:
            del raw["ingress"]
    return raw


def _with_files_read(ingress: Mapping[str, Any], errors: list[str]) -> dict[str, object]:
    texts: dict[str, object] = {name: value for name, value in ingress.items() if name not in _FILES}
    for option, name in _FILES.items():
        if ingress.get(option) and "-----" in str(ingress[option]):
            # Not repeated: it may be a private key.
            errors.append(f"ingress.{option} holds the text itself. Give the path of a file that holds it.")
        elif ingress.get(option):
            try:
                texts[name] = Path(ingress[option]).expanduser().read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                errors.append(
                    f"Failed to read ingress.{option} {ingress[option]}: {why}. Correct the path in "
                    "airlift_ingress."
                )
    return texts
