"""Rules of a listener as HAProxy's lines.

The first matching rule's number goes into a variable, and each action asks for its number: HAProxy runs
`http-request` before `use_backend` whatever their order in the file, so order alone would not be priority.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localcloud.balancer.model import Action, Condition, FixedResponse, Forward, Redirect, Rule
from localcloud.balancer.words import literal, wildcard, word

_PLACEHOLDERS = {
    "#{protocol}": "%[var(txn.protocol)]",
    "#{host}": "%[var(txn.host)]",
    "#{port}": "%[var(txn.port)]",
    "#{path}": "%[var(txn.path)]",
    "#{query}": "%[var(txn.query)]",
}
ANY_SUFFIX = "_any"
"""Ends the name of the backend that takes a group's requests while none of its targets is healthy."""
FIELDS = ("path-pattern", "host-header", "http-request-method", "source-ip")
"""The condition fields that can be carried out."""


def rule_lines(rules: Sequence[Rule], protocol: str, port: int) -> list[str]:
    """Lines of a frontend that choose one rule and do as it says."""
    lines = [
        f"http-request set-var(txn.protocol) str({protocol.lower()})",
        "http-request set-var(txn.host) req.hdr(host),field(1,:)",
        f"http-request set-var(txn.port) int({port})",
        "http-request set-var(txn.path) path,regsub(^/,)",
        "http-request set-var(txn.query) query",
    ]
    for number, rule in enumerate(rules):
        names = [f"rule{number}_{index}" for index in range(len(rule.conditions))]
        lines += [
            f"acl {name} {_condition(condition)}"
            for name, condition in zip(names, rule.conditions, strict=True)
        ]
        chosen = " ".join([*names, "!{ var(txn.rule) -m found }"])
        lines.append(f"http-request set-var(txn.rule) int({number}) if {chosen}")
    for number, rule in enumerate(rules):
        lines += _action_lines(number, rule.action)
    return sorted(lines, key=lambda line: line.startswith("use_backend"))


def _condition(condition: Condition) -> str:
    if condition.field == "path-pattern":
        return "path -m reg -- " + " ".join(word(wildcard(value)) for value in condition.values)
    if condition.field == "host-header":
        patterns = " ".join(word(wildcard(value)) for value in condition.values)
        return f"req.hdr(host),field(1,:) -m reg -i -- {patterns}"
    if condition.field == "http-request-method":
        return "method -- " + " ".join(word(value) for value in condition.values)
    return "src -- " + " ".join(word(value) for value in condition.values)


def _action_lines(number: int, action: Action) -> Iterator[str]:
    chosen = f"{{ var(txn.rule) -m int {number} }}"
    if isinstance(action, Redirect):
        yield from _redirect_lines(action, chosen)
    elif isinstance(action, FixedResponse):
        body = f" content-type {word(action.content_type)} string {word(action.body)}" if action.body else ""
        yield f"http-request return status {action.status_code}{body} if {chosen}"
    else:
        yield from _forward_lines(action, chosen)


def _redirect_lines(action: Redirect, chosen: str) -> Iterator[str]:
    base = f"{action.protocol.lower()}://{action.host}:{action.port}{action.path}"
    code = action.status_code
    if action.query == "#{query}":
        with_query = word(_location(f"{base}?{action.query}"))
        yield f"http-request redirect location {with_query} code {code} if {chosen} {{ query -m len gt 0 }}"
        query = ""
    else:
        query = f"?{action.query}" if action.query else ""
    yield f"http-request redirect location {word(_location(base + query))} code {code} if {chosen}"


def _location(template: str) -> str:
    text = literal(template)
    for placeholder, variable in _PLACEHOLDERS.items():
        text = text.replace(placeholder, variable)
    return text


def _forward_lines(action: Forward, chosen: str) -> Iterator[str]:
    weighted = [(backend, weight) for backend, weight in action.backends if weight > 0]
    if len(weighted) > 1:
        total = sum(weight for _, weight in weighted)
        yield f"http-request set-var(txn.share) rand({total}) if {chosen}"
    below = 0
    for backend, weight in weighted:
        below += weight
        share = f" {{ var(txn.share) -m int lt {below} }}" if len(weighted) > 1 else ""
        yield f"use_backend {backend}{ANY_SUFFIX} if {chosen}{share} {{ nbsrv({backend}) eq 0 }}"
        yield f"use_backend {backend} if {chosen}{share}"
