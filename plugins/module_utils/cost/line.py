"""One line of a bill."""

from __future__ import annotations

from dataclasses import dataclass

type Priced = float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill, in USD. Prices are None where none was established.

    ``monthly`` is also None for what is charged by use: a ``unit`` is priced, how many there will be is open.
    """

    what: str
    quantity: float
    unit: str
    unit_price: Priced
    monthly: Priced
