"""Tags of many resources by one call, where each service would take one call a resource.

The tagging API lags by minutes, so it is believed only where it says that all is well: a resource exists by
its own service's word, and its tags in the index are as this stack wants them. Anything else (not listed, a
tag that differs, no permission, no such API) is read from the service itself. So the index never decides that
something is missing or has to change; it spares the calls that would confirm what it says.
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from .kind import KEY_TAG, STACK_TAG, Context
from .tagging import as_mapping, is_ours

type Tags = Mapping[str, str]

_THREADS = 8

_MOST_TAGS_PER_PAGE = 500


def tags_of(
    context: Context, arns: Iterable[str], read: Callable[[list[str]], Mapping[str, Tags]]
) -> dict[str, Tags]:
    """Return the tags of each of ``arns``, which all exist; ``read`` asks their service where need be."""
    listed = list(arns)
    if not listed:
        return {}
    index = _index(context)
    known = {arn: index[arn] for arn in listed if arn in index and _as_wanted(context, index[arn])}
    rest = [arn for arn in listed if arn not in known]
    return {**known, **(read(rest) if rest else {})}


def arns_of(context: Context, keys: Set[str]) -> list[str] | None:
    """Return the ARN of each of ``keys``, or None unless the index lists every one of them.

    Whoever uses them has to cope with one that exists no more.
    """
    arns = {
        tags[KEY_TAG]: arn
        for arn, tags in _index(context).items()
        if is_ours(context, tags) and tags[KEY_TAG] in keys
    }
    return [arns[key] for key in sorted(keys)] if keys and arns.keys() == keys else None


def one_by_one(read: Callable[[str], Tags]) -> Callable[[list[str]], dict[str, Tags]]:
    """Return a reader of many for a service that answers for one ARN at a time: side by side."""

    def read_all(arns: list[str]) -> dict[str, Tags]:
        with ThreadPoolExecutor(max_workers=min(len(arns), _THREADS)) as pool:
            return dict(zip(arns, pool.map(read, arns), strict=True))

    return read_all


def _as_wanted(context: Context, tags: Tags) -> bool:
    return is_ours(context, tags) and context.tags_for(tags[KEY_TAG]).items() <= tags.items()


def _index(context: Context) -> dict[str, Tags]:
    """Return the tags of all that the index lists under the stack's tag, asked for once a look.

    Nothing outside of a look: a single resource is read from its own service.
    """
    return context.read_cache.once("tag index", lambda: _ask(context)) if context.read_cache else {}


def _ask(context: Context) -> dict[str, Tags]:
    client = context.session.client("resourcegroupstaggingapi")
    try:
        pages = client.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": STACK_TAG, "Values": [context.stack]}], TagsPerPage=_MOST_TAGS_PER_PAGE
        )
        return {
            one["ResourceARN"]: as_mapping(one["Tags"])
            for page in pages
            for one in page["ResourceTagMappingList"]
        }
    except (BotoCoreError, ClientError):
        return {}
