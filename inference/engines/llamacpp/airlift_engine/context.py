"""How many tokens one request may use: as many as the model was made for, where memory allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .gguf import Value

LEAST_TOKENS, MOST_TOKENS = 4096, 1048576
"""What is served at least, unless the model was made for less, and at most."""

LONGEST_TEXT_TOKENS = 2048
"""Of texts to embed or rank, which are computed in one step that takes memory for all of it."""

_STEP_TOKENS = 256
_ELEMENT_BYTES = 2
"""Of a key or a value in the cache (f16)."""

_MIB = 2**20
_RESERVED_BYTES = 256 * _MIB
"""What llama.cpp and Python take beside weights and caches."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the model's file says of it. ``own_tokens`` is the context that the model was made for."""

    own_tokens: int
    bytes_per_token: int
    pools: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The tokens of one request, and why so many."""

    tokens: int
    reason: str


def shape(metadata: Mapping[str, Value]) -> Shape:
    """Return the model's shape. What its file does not say counts as 0."""
    prefix = f"{metadata.get('general.architecture')}."

    def number(key: str) -> int:
        value = metadata.get(prefix + key)
        return value if isinstance(value, int) else 0

    layers = number("block_count")
    heads = _per_layer(metadata.get(f"{prefix}attention.head_count"), layers)
    # A layer without such heads keeps a state of one size, however long the context is.
    kept = _per_layer(metadata.get(f"{prefix}attention.head_count_kv"), layers) or heads
    usual = number("embedding_length") // max([*heads, 1])
    width = (number("attention.key_length") or usual) + (number("attention.value_length") or usual)
    return Shape(
        number("context_length"), sum(kept) * width * _ELEMENT_BYTES, f"{prefix}pooling_type" in metadata
    )


def free_bytes(limit_bytes: int, weights_bytes: int, prompt_cache_mib: int) -> int:
    """Return what the contexts may take of a container's memory.

    Half of it is left for the next release's engine, which starts beside this one.
    """
    return max(limit_bytes // 2 - weights_bytes - prompt_cache_mib * _MIB - _RESERVED_BYTES, 0)


def decide(wanted: int, slots: int, model: Shape, free: int, most: int = MOST_TOKENS) -> Context:
    """Return the context of each slot. ``wanted`` 0 asks for the model's own, of at most ``most``."""
    if wanted:
        return Context(wanted, "as context_tokens says")
    own = min(model.own_tokens or LEAST_TOKENS, most)
    fits = free // (model.bytes_per_token * slots) if model.bytes_per_token else own
    least = min(LEAST_TOKENS, own)
    if fits >= own:
        return Context(own, _whole(model, own, most))
    room = f"{free // _MIB} MiB at {model.bytes_per_token / 1024:.1f} KiB a token"
    if fits >= least:
        tokens = max(fits // _STEP_TOKENS * _STEP_TOKENS, least)
        return Context(tokens, f"which fits into {room}; the model's own is {model.own_tokens}")
    return Context(
        least,
        f"the least that is served, and more than fits into {room}: give the host more memory, or set "
        "context_tokens or slots lower",
    )


def _whole(model: Shape, tokens: int, most: int) -> str:
    if tokens == model.own_tokens:
        return "the model's own"
    if not model.own_tokens:
        return "its file does not say what the model was made for"
    what = "the most that is served" if most == MOST_TOKENS else "the longest text that is one step"
    return f"{what}; the model's own is {model.own_tokens}"


def _per_layer(value: Value | None, layers: int) -> list[int]:
    if isinstance(value, list):
        return value
    return [value] * layers if isinstance(value, int) else []
