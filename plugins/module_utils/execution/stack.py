"""A whole stack: look, plan, and make it so. What the modules call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..aws.session import Session
from ..blueprint.options import Facts, StackOptions
from ..blueprint.stack import build
from ..errors import AirliftError
from ..reconcile import render
from ..reconcile.model import Action, Found, Wanted
from ..reconcile.plan import Plan, plan
from ..reconcile.schedule import schedule
from ..resources.kind import Context, Kind
from ..resources.registry import KINDS
from .account_facts import creates_hosts, facts, with_host_image
from .apply import Apply, Outcome
from .discovery import find_all
from .operations import Worker
from .progress import Progress


@dataclass(slots=True)
class Stack:
    """One stack as the owner wants it, in the account that the session reaches."""

    session: Session
    options: StackOptions
    progress: Progress = field(default_factory=lambda: Progress(lambda _line: None))
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    stopping: threading.Event = field(default_factory=threading.Event)

    def context(self, account_id: str) -> Context:
        """Return what the kinds need in every call."""
        options = self.options
        return Context(self.session, options.name, self.session.region, account_id, options.tags)

    def announce(self, plan: Plan) -> None:
        """Report in one line what is going to happen."""
        text = f"Stack {self.options.name} in {self.session.region}: {render.summary(plan)}"
        self.progress.say(text)

    def check_protection(self, plan: Plan) -> None:
        """Raise ``AirliftError`` if ``plan`` deletes what its owner protects in AWS."""
        for step in plan.changing:
            if step.found is None or step.action not in (Action.DELETE, Action.REPLACE):
                continue
            if (reasons := self.kinds[step.kind].protected(step.found)) is not None:
                raise AirliftError(f"{reasons[0]} Nothing was changed.", reasons[1])

    def run(self, plan: Plan, context: Context) -> Outcome:
        """Carry out ``plan``."""
        outputs = {
            step.key: step.found.outputs
            for step in plan.steps
            if step.found is not None and step.wanted is not None and step.action is not Action.REPLACE
        }
        worker = Worker(context, self.kinds, outputs, self.stopping)
        return Apply(schedule(plan, self.kinds), worker, self.progress).run()


@dataclass(frozen=True, slots=True)
class Preview:
    """What is wanted, what is there, and what lies between: everything that check mode needs."""

    facts: Facts
    context: Context
    wanted: tuple[Wanted, ...]
    plan: Plan


def preview(stack: Stack, data_may_go: bool = False) -> Preview:
    """Look and plan; nothing is changed.

    Raises ``AirliftError`` (``BlueprintError`` for what is wrong in the options) before anything could be.
    """
    known = facts(stack.session)
    wanted = build(stack.options, known)
    context = stack.context(known.account_id)
    found = find_all(context, wanted, stack.kinds)
    steps = plan(wanted, found, stack.kinds, context.tags_for, data_may_go)
    if creates_hosts(steps):
        known = with_host_image(stack.session, stack.options, known)
        wanted = build(stack.options, known)
        steps = plan(wanted, found, stack.kinds, context.tags_for, data_may_go)
    stack.check_protection(steps)
    return Preview(known, context, wanted, steps)


def after(plan: Plan, outcome: Outcome | None) -> dict[str, Found]:
    """Return by key what exists of the wanted resources: as found, or as ``outcome`` left it."""
    there = {
        step.key: step.found
        for step in plan.steps
        if step.wanted is not None and step.found is not None and step.action is not Action.REPLACE
    }
    return there | (outcome.found if outcome is not None else {})
