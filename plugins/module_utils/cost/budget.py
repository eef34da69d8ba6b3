"""Whether a bill keeps to what its owner will spend."""

from __future__ import annotations

from ..errors import AirliftError
from .estimate import Estimate


def over_budget(bill: Estimate, budget_usd: int | None) -> AirliftError | None:
    """Return the refusal of a stack that costs more than ``budget_usd`` a month, or may.

    What is charged by use is in no estimate, so it is in no budget either.
    """
    if budget_usd is None:
        return None
    if bill.total_monthly_usd > budget_usd:
        dearest = sorted(bill.lines, key=lambda line: -(line.monthly or 0))[:3]
        most = ", ".join(f"{line.what} {line.monthly:.2f}" for line in dearest if line.monthly)
        return AirliftError(
            f"This stack costs {bill.total_monthly_usd:.2f} USD a month in {bill.region}, by list prices of "
            f"{bill.as_of}, and the budget is {budget_usd} (most: {most}).",
            "Want less of it, or raise airlift_budget_monthly_usd.",
        )
    if not bill.complete:
        unknown = ", ".join(line.what for line in bill.lines if line.monthly is None)
        return AirliftError(
            f"Whether this stack keeps to the budget of {budget_usd} USD a month is not known: the list of "
            f"prices has none of {unknown} in {bill.region}.",
            f"Run `make prices REGIONS={bill.region}` (pricing:GetProducts), or set no "
            "airlift_budget_monthly_usd.",
        )
    return None
