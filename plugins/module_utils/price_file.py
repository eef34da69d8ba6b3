"""The list of prices that this checkout has."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .cost.prices import PriceList, parse
from .errors import AirliftError

FILE = Path(__file__).parent / "cost" / "prices.json"


@cache
def price_list() -> PriceList:
    """Return the list. Raises ``AirliftError`` where the file is none."""
    try:
        return parse(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise AirliftError(
            f"The list of prices {FILE} cannot be read: {error}.",
            "Restore it from git.",
        ) from error
