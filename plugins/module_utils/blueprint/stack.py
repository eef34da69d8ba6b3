"""The whole stack as one graph: every layer's resources, checked together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import BlueprintError
from ..reconcile.graph import validate
from ..reconcile.model import Wanted
from .compute import wanted as compute
from .delivery import wanted as delivery
from .identity import wanted as identity
from .ingress import wanted as ingress
from .network import wanted as network
from .observability import wanted as observability
from .options import Facts, StackOptions
from .registry import wanted as registry
from .secrets import wanted as secrets
from .storage import wanted as storage

type Layer = Callable[[StackOptions, Facts], Sequence[Wanted]]

LAYERS: tuple[Layer, ...] = (
    network,
    identity,
    storage,
    registry,
    secrets,
    compute,
    ingress,
    observability,
    delivery,
)


def build(options: StackOptions, facts: Facts, layers: Sequence[Layer] = LAYERS) -> tuple[Wanted, ...]:
    """Return the stack's resources in an order in which each comes after what it needs.

    Raises ``BlueprintError`` with everything that is wrong in every layer, one line each.
    """
    graph, errors = collect(options, facts, layers)
    if errors:
        raise BlueprintError("\n".join(errors))
    return validate(graph)


def collect(
    options: StackOptions, facts: Facts, layers: Sequence[Layer] = LAYERS
) -> tuple[list[Wanted], list[str]]:
    """Return what the layers want, and what is wrong in those that cannot say."""
    graph: list[Wanted] = []
    errors: list[str] = []
    for layer in layers:
        try:
            graph.extend(layer(options, facts))
        except BlueprintError as error:
            errors.append(str(error))
    return graph, errors
