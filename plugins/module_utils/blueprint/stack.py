"""The whole stack as one graph: every layer's resources, checked together."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from ..errors import BlueprintError
from ..option_schema.declared import made
from ..reconcile.graph import validate
from ..reconcile.model import Wanted
from .compute import wanted as compute
from .delivery import wanted as delivery
from .identity import wanted as identity
from .ingress import wanted as ingress
from .network import wanted as network
from .observability import wanted as observability
from .options import Facts, StackOptions, common_faults
from .registry import wanted as registry
from .secrets import wanted as secrets
from .storage import wanted as storage

type Layer = Callable[[StackOptions, Facts], Sequence[Wanted]]

BY_NAME: Mapping[str, Layer] = {
    "network": network,
    "identity": identity,
    "storage": storage,
    "registry": registry,
    "secrets": secrets,
    "compute": compute,
    "ingress": ingress,
    "observability": observability,
    "delivery": delivery,
}
LAYERS: tuple[Layer, ...] = tuple(BY_NAME.values())


def somewhere(region: str) -> Facts:
    """Return facts that no layer objects to, for what can be said before AWS is asked for the true ones."""
    return Facts("000000000000", region, tuple(f"{region}{letter}" for letter in "abcd"))


_SOMEWHERE = somewhere("us-east-1")


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


def faults_without_aws(raw: Mapping[str, object], unread: Container[str] = ()) -> list[str]:
    """Return what is wrong with the options ``raw`` in every layer, as far as it can be known without AWS.

    ``raw`` has been read; what could not be is not in it but in ``unread``, and its layer is not asked.
    """
    values = {"name": "stack", "region": _SOMEWHERE.region, **raw}
    options = made(StackOptions, values)
    asked = [layer for name, layer in BY_NAME.items() if name not in unread]
    _graph, errors = collect(options, _SOMEWHERE, asked)
    return [*common_faults(values), *(line for error in errors for line in error.splitlines())]
