"""What AWS has of a stack: every kind asked at once, each by as few calls as its API allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from botocore.exceptions import ClientError

from ..aws.errors import call_error
from ..aws.session import THREADS
from ..errors import AirliftError
from ..reconcile.model import Found, Wanted
from ..resources.kind import Context, Kind
from ..resources.read_cache import ReadCache
from .retries import is_not_there

_LAG_SECONDS = (0.5, 1.0, 2.0, 4.0)


def find_all(context: Context, wanted: Sequence[Wanted], kinds: Mapping[str, Kind]) -> tuple[Found, ...]:
    """Return every resource that carries the stack's tag, of all ``kinds``.

    Raises ``AirliftError`` with one line per kind that could not be asked: half an answer plans duplicates.
    """
    context = replace(context, read_cache=ReadCache())
    by_kind: dict[str, list[Wanted]] = {}
    for resource in wanted:
        by_kind.setdefault(resource.kind, []).append(resource)

    def one(name: str) -> Sequence[Found]:
        return _found(kinds[name], context, by_kind.get(name, []))

    found: list[Found] = []
    errors: list[str] = []
    for name, result in in_parallel({name: partial(one, name) for name in kinds}).items():
        if isinstance(result, Exception):
            errors.append(str(call_error(result, "read", f"{kinds[name].name} resources", context.region)))
        else:
            found.extend(result)
    if errors:
        raise AirliftError("\n".join(errors))
    return tuple(found)


def _found(kind: Kind, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
    """Return what ``kind`` finds; asked again where it lists one that is gone when its details are read."""
    for seconds in _LAG_SECONDS:
        try:
            return kind.find(context, wanted)
        except ClientError as error:
            if not is_not_there(error):
                raise
        time.sleep(seconds)
        context = replace(context, read_cache=ReadCache())
    return kind.find(context, wanted)


def in_parallel[T](calls: Mapping[str, Callable[[], T]]) -> dict[str, T | Exception]:
    """Run ``calls`` side by side and return what each returned or raised."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="airlift-find") as pool:
        futures = {name: pool.submit(call) for name, call in calls.items()}
        results: dict[str, T | Exception] = {}
        for name, future in futures.items():
            try:
                results[name] = future.result()
            except Exception as error:
                results[name] = error
    return results
