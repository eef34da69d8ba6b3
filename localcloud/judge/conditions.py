"""The conditions of a statement: pure functions over the values that a request has for each key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from re import DOTALL, Pattern, escape
from re import compile as regex

type Context = Mapping[str, Sequence[str]]
"""Condition key in small letters → the request's values; a key that the request does not have is absent."""
type Test = Callable[[str, str], bool]
"""(a value of the request, a value of the policy) → whether they match."""

NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": eq, "LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge,
}  # fmt: skip
FOR_ALL, FOR_ANY, IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"


@lru_cache(maxsize=4096)
def pattern(wildcards: str, ignore_case: bool = False) -> Pattern[str]:
    """`*` and `?` as a regular expression."""
    words = escape(wildcards.lower() if ignore_case else wildcards)
    return regex(words.replace(r"\*", ".*").replace(r"\?", "."), DOTALL)


def like(value: str, wildcards: str) -> bool:
    """Whether a value matches a text with `*` and `?`."""
    return pattern(wildcards).fullmatch(value) is not None


def holds(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    """Whether one line of a condition holds. Raises ValueError for an operator that IAM does not have."""
    bare = operator.removeprefix(FOR_ALL).removeprefix(FOR_ANY)
    optional = bare.endswith(IF_EXISTS)
    bare = bare.removesuffix(IF_EXISTS)
    values = context.get(key.lower(), ())
    if bare == "Null":
        return (not values) == (wanted[0].lower() == "true")
    negated, test = _test(bare)
    if not values:
        return optional or operator.startswith(FOR_ALL) or (negated and not operator.startswith(FOR_ANY))
    found = [any(test(value, one) for one in wanted) != negated for value in values]
    return any(found) if operator.startswith(FOR_ANY) else all(found)


def _test(operator: str) -> tuple[bool, Test]:
    """Whether the operator says what must not be, and the test of what it names."""
    negated = "Not" in operator
    bare = operator.replace("Not", "")
    if bare in TESTS:
        return negated, TESTS[bare]
    for kind, number in (("Numeric", float), ("Date", _seconds)):
        compare = NUMBERS.get(bare.removeprefix(kind))
        if bare.startswith(kind) and compare is not None:
            return negated, _numeric(compare, number)
    raise ValueError(f"IAM has no condition operator {operator}")


def _numeric(compare: Callable[[float, float], bool], number: Callable[[str], float]) -> Test:
    return lambda value, wanted: compare(number(value), number(wanted))


def _seconds(text: str) -> float:
    if text.replace(".", "", 1).isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


def _same_word(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


TESTS: Mapping[str, Test] = {
    "StringEquals": eq,
    "StringEqualsIgnoreCase": _same_word,
    "StringLike": like,
    "Bool": _same_word,
    "BinaryEquals": eq,
    "ArnEquals": like,
    "ArnLike": like,
    "IpAddress": _in_network,
}
