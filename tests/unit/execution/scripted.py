"""A kind that does what a test tells it, in place of AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ansible_collections.airlift.stack.plugins.module_utils.execution.apply import Apply, Outcome
from ansible_collections.airlift.stack.plugins.module_utils.execution.operations import Worker
from ansible_collections.airlift.stack.plugins.module_utils.execution.progress import Progress
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Change,
    Found,
    Value,
    Wanted,
)
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import Plan, plan, removal
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schedule import schedule
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schema import (
    UPDATABLE,
    Schema,
    declare,
)
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context, Kind
from ansible_collections.airlift.stack.plugins.module_utils.resources.passing import Passing, codes
from botocore.exceptions import ClientError, ReadTimeoutError


def aws_error(code: str, message: str = "no", operation: str = "CreateThing") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


LOST = ReadTimeoutError(endpoint_url="https://x")


class Scripted(Kind):
    """Keeps its resources in memory. ``errors`` are raised one after the other, by verb and key."""

    name: ClassVar[str] = "thing"
    schema: ClassVar[Schema] = declare(size=UPDATABLE, a=UPDATABLE)
    poll_seconds: ClassVar[float] = 0.01
    timeout_seconds: ClassVar[int] = 1
    not_yet: ClassVar[tuple[Passing, ...]] = codes("NotThereYet")
    consistency_seconds: ClassVar[float] = 30
    still_used: ClassVar[tuple[Passing, ...]] = codes("StillHeld")
    release_seconds: ClassVar[float] = 30

    def __init__(self) -> None:
        self.here: list[Found] = []
        self.errors: dict[tuple[str, str], list[Exception]] = {}
        self.unsettled: dict[str, int] = {}
        self.stays: dict[str, int] = {}
        self.log: list[str] = []
        self.hook: Callable[[str, str], None] = lambda _verb, _key: None
        self.lock = threading.Lock()

    def _step(self, verb: str, key: str) -> None:
        self.hook(verb, key)
        with self.lock:
            self.log.append(f"{verb} {key}")
            errors = self.errors.get((verb, key), [])
            if errors:
                raise errors.pop(0)

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        return tuple(self.here)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        lost = self.errors.get(("create", key), [None])[:1] == [LOST]
        made = Found("thing", key, f"id-{key}", dict(properties), {"id": f"id-{key}"}, context.tags_for(key))
        if lost:
            self.here.append(made)
        self._step("create", key)
        self.here.append(made)
        return made

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        self._step("update", found.key)
        made = replace(found, properties={**found.properties, **properties})
        self.here = [made if one.id == found.id else one for one in self.here]
        return made

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        self.log.append(f"tag {found.key} {sorted(tags)}")

    def delete(self, context: Context, found: Found) -> None:
        self._step("delete", found.key)
        self.here = [one for one in self.here if one.id != found.id]

    def settled(self, context: Context, found: Found) -> Found | None:
        left = self.unsettled.get(found.key, 0)
        self.unsettled[found.key] = left - 1
        return found if left <= 0 else None

    def gone(self, context: Context, found: Found) -> bool:
        left = self.stays.get(found.key, 0)
        self.stays[found.key] = left - 1
        return left <= 0


def context() -> Context:
    nobody: Any = None
    return Context(nobody, "demo", "us-east-1", "123456789012", {})


def steps_to(kind: Scripted, wanted: Sequence[Wanted]) -> Plan:
    return plan(wanted, kind.here, {"thing": kind}, context().tags_for)


def carry_out(
    kind: Scripted, steps: Plan, said: list[str] | None = None, stop: threading.Event | None = None
) -> Outcome:
    outputs = {one.key: one.found.outputs for one in steps.steps if one.found and one.wanted}
    worker = Worker(context(), {"thing": kind}, outputs, stop or threading.Event())
    progress = Progress((said if said is not None else []).append)
    return Apply(schedule(steps, {"thing": kind}), worker, progress).run()


def remove_all(kind: Scripted) -> Outcome:
    return carry_out(kind, removal(kind.here, {"thing": kind}))
