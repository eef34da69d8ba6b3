"""A whole stack: look, plan, and make it so. What the modules call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..aws.session import Session
from ..blueprint.compute import HOSTS
from ..blueprint.options import Facts, StackOptions
from ..blueprint.stack import build
from ..blueprint.zones import with_places
from ..errors import AirliftError
from ..reconcile import render
from ..reconcile.model import Action, Found, Wanted
from ..reconcile.plan import Plan, plan
from ..reconcile.schedule import schedule
from ..resources.kind import Context, Kind
from ..resources.registry import KINDS
from .account_facts import facts, with_what_is_new
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

    def check_possible(self, plan: Plan) -> None:
        """Raise ``AirliftError`` if ``plan`` deletes what is protected in AWS, or changes what cannot be."""
        for step in plan.changing:
            if step.found is None:
                continue
            kind = self.kinds[step.kind]
            if step.action is Action.UPDATE:
                reasons = kind.impossible(step.found, step.changes)
            else:
                reasons = kind.protected(step.found)
            if reasons is not None:
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
    context = stack.context(known.account_id)
    found = find_all(context, build(stack.options, known), stack.kinds)
    known = with_places(known, found, HOSTS)
    wanted = build(stack.options, known)
    steps = plan(wanted, found, stack.kinds, context.tags_for, data_may_go)
    complete = with_what_is_new(stack.session, stack.options, known, steps)
    if complete != known:
        known = complete
        wanted = build(stack.options, known)
        steps = plan(wanted, found, stack.kinds, context.tags_for, data_may_go)
    stack.check_possible(steps)
    return Preview(known, context, wanted, steps)


def after(plan: Plan, outcome: Outcome | None) -> dict[str, Found]:
    """Return by key what exists of the wanted resources: as found, or as ``outcome`` left it."""
    there = {
        step.key: step.found
        for step in plan.steps
        if step.wanted is not None and step.found is not None and step.action is not Action.REPLACE
    }
    return there | (outcome.found if outcome is not None else {})
