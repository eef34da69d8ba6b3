"""An empty account on moto, and the engine that converges some resources in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.execution.apply import Outcome
from ansible_collections.airlift.stack.plugins.module_utils.execution.discovery import find_all
from ansible_collections.airlift.stack.plugins.module_utils.execution.stack import Stack
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.graph import validate
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Action, Found, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import Plan, plan, removal
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context, Kind
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS

from tests.integration.counting_moto import CountingMoto, counting_moto, forget

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass
class Account:
    """One account with one stack in it, of some kinds of resources only."""

    moto: CountingMoto
    session: Session
    kinds: Mapping[str, Kind]
    stack: str = "airlift"
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return Context(self.session, self.stack, REGION, ACCOUNT, self.tags)

    def found(self, wanted: Sequence[Wanted] = ()) -> tuple[Found, ...]:
        return declared(find_all(self.context, wanted, self.kinds))

    def by_key(self) -> dict[str, Found]:
        return {one.key: one for one in self.found()}

    def plan(self, wanted: Sequence[Wanted]) -> Plan:
        return plan(validate(wanted), self.found(wanted), self.kinds, self.context.tags_for)

    def converge(self, wanted: Sequence[Wanted]) -> list[str]:
        """Make it so, and return what was done: ``create network/vpc``."""
        steps = self.plan(wanted)
        self._run(steps)
        return [f"{step.action} {step.key}" for step in steps.changing]

    def create(self, wanted: Sequence[Wanted]) -> None:
        """Create everything in the empty account, and make sure that nothing is left to do."""
        done = self.converge(wanted)
        assert sorted(done) == sorted(f"create {one.key}" for one in wanted)
        assert self.changes(wanted) == []

    def changes(self, wanted: Sequence[Wanted]) -> list[str]:
        """What differs, in words: ``network/vpc dns_support: False -> True``."""
        return [
            f"{step.key} {change.path}: {change.before} -> {change.after}"
            if step.action in (Action.UPDATE, Action.REPLACE)
            else f"{step.action} {step.key}"
            for step in self.plan(wanted).changing
            for change in (step.changes or (None,))
            if change is not None or step.action not in (Action.UPDATE, Action.REPLACE)
        ]

    def reset(self) -> None:
        """Make the account empty again."""
        forget()
        self.moto.asked.clear()
        self.tags = {}

    def remove(self) -> None:
        self._run(removal(self.found(), self.kinds))

    def calls(self, wanted: Sequence[Wanted]) -> dict[str, int]:
        """What one look at the stack asks of AWS, by action."""
        self.moto.asked.clear()
        self.found(wanted)
        return dict(self.moto.asked)

    def _run(self, steps: Plan) -> Outcome:
        options = StackOptions(name=self.stack, region=REGION, tags=self.tags)
        outcome = Stack(self.session, options, kinds=self.kinds).run(steps, self.context)
        assert not outcome.failures, "\n".join(map(str, outcome.failures))
        assert not outcome.waiting
        return outcome


def declared(found: tuple[Found, ...]) -> tuple[Found, ...]:
    """Return ``found``; no kind may read a property that it does not declare."""
    foreign = {one.key: one.properties.keys() - KINDS[one.kind].schema.names for one in found}
    assert {key: names for key, names in foreign.items() if names} == {}
    return found


@contextmanager
def account_with(*kinds: str) -> Iterator[Account]:
    """Serve an empty account to the kinds named."""
    with counting_moto() as moto:
        connection = Connection(
            region=REGION,
            endpoint_url=moto.url,
            access_key="LKIAKINDSTEST",
            secret_key="a-secret-of-the-tests-of-kinds",
        )
        yield Account(moto, Session(connection), {name: KINDS[name] for name in kinds})
