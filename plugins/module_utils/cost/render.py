"""An estimate as a short table for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from .estimate import Estimate
from .line import Line

_UNPRICED = "not priced"


def text(estimate: Estimate) -> str:
    """Return the estimate as lines that fit a terminal of 80 columns."""
    return "\n".join(_lines(estimate))


def as_data(estimate: Estimate) -> dict[str, object]:
    """Return the estimate as JSON, with its table as ``text``."""
    return {**asdict(estimate), "text": text(estimate)}


def _lines(estimate: Estimate) -> Iterator[str]:
    yield f"Cost per month on AWS in {estimate.region}, USD (estimate):"
    yield from (_row(line) for line in estimate.lines)
    note = "" if estimate.complete else "  plus what is not priced"
    yield f"  {'Total':<48}{estimate.total_monthly_usd:>12.2f}{note}"
    if estimate.by_use:
        yield "By use, not counted:"
        yield from (_use(line) for line in estimate.by_use)
    yield from _wrapped(estimate.assumptions)


def _row(line: Line) -> str:
    what = (
        f"{line.quantity:g} x {line.what}"
        if line.unit != "GB-month"
        else f"{line.what}, {line.quantity:g} GB"
    )
    amount = _UNPRICED if line.monthly is None else f"{line.monthly:.2f}"
    return f"  {what:<48}{amount:>12}"


def _use(line: Line) -> str:
    price = _UNPRICED if line.unit_price is None else f"{line.unit_price:g} per {line.unit}"
    return f"  {line.what:<40}{price:>20}"


def _wrapped(assumptions: Iterable[str]) -> Iterator[str]:
    yield "Assumed:"
    yield from (f"  - {one}" for one in assumptions)
