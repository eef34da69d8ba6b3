"""One run: read the document, look, decide, act, and leave word of it."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from . import record
from .aws.calls import Aws
from .config import Config
from .delivery.release import Release, parse
from .errors import AirliftError, DeliveryError, GivenUpError
from .facts import Facts
from .files import locked, read, write
from .host import Host
from .plan import decide, keep
from .state import Action, Colour, Observed, Start, Switch, Verify, serves, words

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: the answer of ``airlift-release apply``."""

    changed: bool
    release: str | None
    colour: Colour | None
    actions: tuple[str, ...]
    message: str
    serves: Facts | None = None


def apply(config: Config, scheduled: bool, progress: Progress) -> Outcome:
    """Make the host serve what the release document says.

    Raises AirliftError where that fails; what served before goes on serving. A scheduled run leaves a
    release alone for a while that keeps failing.
    """
    state = Path(config.state_directory)
    state.mkdir(parents=True, exist_ok=True)
    with locked(state / "agent.lock", 0 if scheduled else config.lock_wait_seconds):
        aws = Aws(config.region, config.fetch_threads)
        text, age_seconds = aws.parameter(config.parameter_name)
        release, before = parse(text), status(config)
        if release is None:
            return Outcome(False, None, None, (), "Nothing has been released yet.")
        if scheduled and age_seconds < config.settle_seconds:
            release = record.load(state / record.FILE_NAME).release or release
        if scheduled and record.resting(before, release):
            did = _keep(Host(config, aws, release, progress), progress)
            message = f"Release {release.id} failed lately and is left alone for now."
            return Outcome(bool(did), release.id, None, did, message)
        try:
            outcome = _converge(config, aws, release, progress)
        except AirliftError as error:
            failures = before.get("failures")
            again = failures if isinstance(failures, int) and before.get("tried") == release.id else 0
            # On a full disk not even this can be written; then the journal alone has it.
            with suppress(OSError):
                _report(config, {"tried": release.id, "failures": again + 1, "error": str(error)})
            raise
        _report(config, {"tried": release.id, "failures": 0, "error": None, **asdict(outcome)})
        return outcome


def airlift_error(error: AirliftError | OSError) -> AirliftError:
    """Return the error as one that says what to do; a full disk is the host's, not the release's."""
    if isinstance(error, AirliftError):
        return error
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    room = "Nothing need be done once there is room: see df -h and docs/runbooks/failures.md" if full else ""
    return DeliveryError(f"{error.strerror or error}: {error.filename or 'this host'}.", room)


def status(config: Config) -> Mapping[str, object]:
    """Return what the last run left word of; empty before the first."""
    try:
        stored = json.loads(read(Path(config.state_directory) / "status.json") or "{}")
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}


def _converge(config: Config, aws: Aws, release: Release, progress: Progress) -> Outcome:
    host = Host(config, aws, release, progress)
    seen = host.observe()
    plan = decide(release, seen)
    switched = False
    for action in plan.actions:
        progress(words(action))
        try:
            host.act(action)
        except (AirliftError, OSError) as error:
            live = switched or _is_live(plan.colour, release, seen)
            raise _given_up(host, plan.colour, action, airlift_error(error), live) from error
        switched = switched or isinstance(action, Switch)
    did = tuple(words(action) for action in plan.actions)
    facts = host.facts()
    knows = f": {facts.words}" if facts else ""
    message = f"Serving {release.id} ({release.model_name}) in {plan.colour}{knows}."
    return Outcome(bool(did), release.id, plan.colour, did, message, facts)


def _keep(host: Host, progress: Progress) -> tuple[str, ...]:
    """See to what serves while the release that is wanted rests."""
    actions = keep(host.observe())
    for action in actions:
        progress(words(action))
        host.act(action)
    return tuple(words(action) for action in actions)


def _is_live(colour: Colour, release: Release, seen: Observed) -> bool:
    return seen.live is colour and serves(seen.containers.get(colour), release)


def _given_up(host: Host, colour: Colour, action: Action, error: AirliftError, live: bool) -> AirliftError:
    """Put away a candidate that failed; whatever served before is untouched."""
    where = f"Failed to {words(action)}: {error.message}"
    if live:
        return DeliveryError(where, error.remedy)
    lines = host.discard(colour)
    last = f" It said last: {lines[-1]}" if lines and isinstance(action, Start | Verify | Switch) else ""
    remedy = error.remedy or "Correct the release and release again, or roll back (playbooks/rollback.yml)."
    return GivenUpError(f"{where}{last} Nothing was switched.", remedy, lines)


def _report(config: Config, result: Mapping[str, object]) -> None:
    path = Path(config.state_directory) / "status.json"
    write(path, json.dumps({"at": time.time(), **result}, indent=2, sort_keys=True) + "\n")
