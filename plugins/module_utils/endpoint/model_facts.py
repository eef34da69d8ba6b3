"""What a list of models says of one of them. Pure.

Where the endpoint does not say something it is None: a CLI then keeps its own default. ``context_length`` is
OpenRouter's word, ``max_model_len`` vLLM's, ``meta.n_ctx`` llama.cpp's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ModelFacts:
    """A model's context, the most that one answer may have (both in tokens), and its abilities."""

    context_tokens: int | None = None
    max_output_tokens: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    reasoning: bool | None = None

    def as_dict(self) -> dict[str, int | bool | None]:
        """Return the facts by their names."""
        return asdict(self)


def facts_of(listed: object, name: str) -> ModelFacts | None:
    """Return the facts of the model ``name`` in an answer to ``GET /v1/models``; None if it is not listed."""
    models = listed.get("data") if isinstance(listed, Mapping) else None
    for model in models if isinstance(models, list) else []:
        if isinstance(model, Mapping) and model.get("id") == name:
            break
    else:
        return None
    able = _mapping(model.get("capabilities"))
    contexts = (
        model.get("context_length"),
        model.get("max_model_len"),
        _mapping(model.get("meta")).get("n_ctx"),
    )
    outputs = (model.get("max_output_tokens"), able.get("max_output_tokens"))
    return ModelFacts(
        context_tokens=next(filter(None, map(_tokens, contexts)), None),
        max_output_tokens=next(filter(None, map(_tokens, outputs)), None),
        tools=_ability(able, "tools"),
        vision=_ability(able, "vision"),
        reasoning=_ability(able, "reasoning"),
    )


def _ability(abilities: Mapping[str, object], name: str) -> bool | None:
    value = abilities.get(name)
    return value if isinstance(value, bool) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
