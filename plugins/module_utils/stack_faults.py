"""What is wrong with a wanted stack that can be known before AWS is asked anything. What preflight tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .arguments import STACK_CLASSES, faults, stack_options
from .blueprint.stack import build, somewhere
from .cost.budget import over_budget
from .cost.estimate import estimate
from .price_file import price_list


def stack_faults(arguments: Mapping[str, Any], region: str) -> list[str]:
    """Return a sentence for each fault of the task ``airlift.stack.aws_stack`` that would get ``arguments``.

    Options first; where they can be, the cost against the budget. What is None counts as not given.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    if wrong := faults(STACK_CLASSES, given):
        return wrong
    budget = given.get("budget_monthly_usd")
    if budget is None:
        return []
    wanted = build(stack_options(given, region), somewhere(region))
    refusal = over_budget(estimate(wanted, region, price_list()), budget)
    return [] if refusal is None else [str(refusal)]
