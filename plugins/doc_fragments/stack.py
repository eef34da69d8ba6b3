"""Options of a stack, as the dataclasses declare them."""

from __future__ import annotations

from ansible_collections.airlift.stack.plugins.module_utils.arguments import (
    InfoTask,
    LockOptions,
    LockTask,
    PreflightTask,
    RunsTask,
    StackTask,
)
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.ansible_words import fragment


class ModuleDocFragment:
    """Documentation of the modules that take a stack."""

    DOCUMENTATION = fragment(StackOptions, StackTask, LockOptions)
    NAME = fragment(InfoTask)
    RUNS = fragment(RunsTask)
    PREFLIGHT = fragment(StackOptions, PreflightTask)
    LOCK = fragment(LockTask, LockOptions)
