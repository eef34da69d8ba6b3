"""The decision: from what is seen on the host and what is wanted to the actions, in order. Pure.

The order carries the promises. Everything that can fail comes before the switch, in a colour that gets
no requests. The old colour goes last. A plan that was interrupted anywhere leaves a host from which this
function finds the way on, since it looks at the host and not at what a former plan meant to do.
"""

from __future__ import annotations

from .delivery.release import Release
from .state import (
    Action,
    Colour,
    Drain,
    FetchModel,
    Limit,
    Observed,
    Plan,
    Prune,
    PullImage,
    Remove,
    Start,
    Switch,
    Verify,
    WriteKeys,
    serves,
    wanted_limit,
    wanted_routing,
)


def decide(wanted: Release, seen: Observed) -> Plan:
    """Return the plan that makes the host serve ``wanted``. A host that does gets an empty one."""
    live = seen.live if seen.live in seen.containers else None
    settled = live is not None and serves(seen.containers.get(live), wanted)
    colour = live if settled and live is not None else _spare(live)
    actions: list[Action] = [] if settled else [*keep(seen), *_bring_up(colour, wanted, seen)]
    if seen.keys_version != wanted.secret_version:
        actions.append(WriteKeys())
    if seen.limits.get(colour) != wanted_limit(wanted):
        actions.append(Limit(colour, wanted_limit(wanted)))
    if not settled or not _switched(colour, wanted, seen):
        actions.append(Switch(colour))
    actions += _retire(colour.other, seen)
    if seen.leftovers or not settled:
        actions.append(Prune())
    return Plan(colour, tuple(actions))


def keep(seen: Observed) -> tuple[Action, ...]:
    """Return what the colour that serves is due, whatever becomes of the release that is wanted.

    A reload of HAProxy forgets its limit, and a release that fails or rests may take hours to be corrected.
    """
    live, limit = seen.live, seen.live_limit
    if live is None or live not in seen.containers or limit is None or seen.limits.get(live) == limit:
        return ()
    return (Limit(live, limit),)


def _spare(live: Colour | None) -> Colour:
    return Colour.BLUE if live is None else live.other


def _bring_up(colour: Colour, wanted: Release, seen: Observed) -> list[Action]:
    """Have the release ready in ``colour``; a sound container that is it already is only verified again."""
    actions: list[Action] = []
    if not seen.image_present:
        actions.append(PullImage())
    if not seen.model_present:
        actions.append(FetchModel())
    if not serves(seen.containers.get(colour), wanted):
        if colour in seen.containers:
            actions.append(Remove(colour))
        actions.append(Start(colour))
    actions.append(Verify(colour))
    return actions


def _switched(colour: Colour, wanted: Release, seen: Observed) -> bool:
    """Whether requests for this model, and only those, go to ``colour``, and that is written down."""
    return (
        dict(seen.routing) == wanted_routing(colour)
        and seen.models == {wanted.model_name}
        and seen.live == colour
        and seen.live_release == wanted.id
    )


def _retire(colour: Colour, seen: Observed) -> list[Action]:
    container = seen.containers.get(colour)
    if container is None:
        return []
    return [Drain(colour), Remove(colour)] if container.sound else [Remove(colour)]
