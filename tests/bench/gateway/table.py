"""What was found, as a table of Markdown, and whether it is as it must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.bench.gateway.rounds import Found
from tests.bench.gateway.window import percentile

UPSTREAM, EDGE, LITELLM = "upstream", "edge", "litellm"
PROMPTS = {20: "a short prompt", 100_000: "100 KB of prompt"}
SHARES = {0.5: "median", 0.99: "p99"}
MOST_ADDED = {0.5: 0.3, 0.99: 1.0}
"""Milliseconds that the edge may add."""


def added(found: Found, name: str, share: float) -> float:
    """Return how many milliseconds a gateway adds at a percentile."""
    return percentile(found.all(name), share) - percentile(found.all(UPSTREAM), share)


def beyond(found: Mapping[int, Found]) -> bool:
    """Return whether the edge adds more than it may."""
    return any(added(one, EDGE, share) > most for one in found.values() for share, most in MOST_ADDED.items())


def render(found: Mapping[int, Found], memory_mib: Mapping[str, float], cores: int, shared: bool) -> str:
    """Return the table, and what it stands on."""
    counts = {name: sum(len(one.all(name)) for one in found.values()) for name in (UPSTREAM, EDGE, LITELLM)}
    own = {
        share: " and ".join(f"{percentile(one.all(UPSTREAM), share):.2f}" for one in found.values())
        for share in SHARES
    }
    lines = [
        f"Each gateway on {cores} core{'s' if cores > 1 else ''}. {counts[EDGE]:,} answers through the edge, "
        f"{counts[LITELLM]:,} through LiteLLM, {counts[UPSTREAM]:,} of the upstream, which itself takes "
        f"{own[0.5]} ms at the median and {own[0.99]} ms at p99. In brackets the least and the most of a "
        "window. "
        + (
            "The machine had other work, before which the kernel ran all sides alike (`--shared`)."
            if shared
            else f"{sum(one.dropped for one in found.values())} slices were measured again, others had run."
        ),
        "",
        f"| added | edge | LiteLLM {version()} | ratio |",
        "|---|---|---|---|",
    ]
    for size, prompt in PROMPTS.items():
        for share, name in SHARES.items():
            ours, theirs = (added(found[size], side, share) for side in (EDGE, LITELLM))
            cells = (
                f"{added(found[size], side, share):.2f} ms ({spread(found[size], side, share)})"
                for side in (EDGE, LITELLM)
            )
            lines.append(f"| {prompt}, {name} | {' | '.join(cells)} | {theirs / ours:.0f} |")
    lines.append(
        f"| memory afterwards | {memory_mib[EDGE]:.0f} MiB | {memory_mib[LITELLM]:.0f} MiB "
        f"| {memory_mib[LITELLM] / memory_mib[EDGE]:.0f} |"
    )
    return "\n".join(lines)


def spread(found: Found, name: str, share: float) -> str:
    """Return the least and the most that a gateway added in a window."""
    pairs = zip(found.windows[name], found.windows[UPSTREAM], strict=True)
    each = [percentile(window, share) - percentile(base, share) for window, base in pairs]
    return f"{min(each):.2f} to {max(each):.2f}"


def version() -> str:
    """Return the locked version of LiteLLM."""
    lock = Path(__file__).with_name("litellm.lock").read_text()
    found = re.search(r"^litellm==(\S+)", lock, re.MULTILINE)
    assert found, "the lock has no LiteLLM"
    return found[1]
