"""What the kinds of EC2 share: finding by tag, reading one by id, and waiting until AWS knows its own."""

from __future__ import annotations

import hashlib
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..reconcile.model import Found, Wanted
from .kind import STACK_TAG, Context, Kind
from .passing import EC2_NOT_VISIBLE, EC2_STILL_USED, Passing
from .tagging import as_pairs

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import FilterTypeDef, TagSpecificationTypeDef

CONSISTENCY_SECONDS = 60.0
"""How long AWS may deny what it has just made (its API is eventually consistent)."""


class Ec2Kind[Item](Kind):
    """A kind whose describe call takes filters: ``describe`` pages through it, ``found`` reads one item."""

    not_yet: ClassVar[tuple[Passing, ...]] = EC2_NOT_VISIBLE
    still_used: ClassVar[tuple[Passing, ...]] = EC2_STILL_USED

    id_filter: ClassVar[str]
    """The filter that selects one by its id. A filter finds nothing where an id would be an error."""

    @abstractmethod
    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[Item]:
        """Yield every item that the filters select, all pages."""

    @abstractmethod
    def found(self, context: Context, item: Item) -> Found | None:
        """Read one item, or return None for one that is on its way out or carries no key of ours."""

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return all of the stack by one describe, filtered by its tag."""
        return self._found(context, [{"Name": f"tag:{STACK_TAG}", "Values": [context.stack]}])

    def read(self, context: Context, identifier: str) -> Found | None:
        """Return the one with this id, or None if AWS does not know it (yet, or any more)."""
        return next(iter(self._found(context, [{"Name": self.id_filter, "Values": [identifier]}])), None)

    def settled(self, context: Context, found: Found) -> Found | None:
        """Return it as AWS describes it, or None while AWS does not."""
        return self.read(context, found.id)

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags."""
        client(context).create_tags(Resources=[found.id], Tags=as_pairs(tags))

    def _found(self, context: Context, filters: Sequence[FilterTypeDef]) -> list[Found]:
        items = (self.found(context, item) for item in self.describe(context, filters))
        return [item for item in items if item is not None]


def client(context: Context) -> EC2Client:
    """Return the session's EC2 client."""
    return context.session.client("ec2")


def tag_specifications(
    context: Context, key: str, *types: ResourceTypeType, also: Mapping[str, str] | None = None
) -> list[TagSpecificationTypeDef]:
    """Return the tags of the resource ``key`` for the create call of each of ``types``."""
    tags = as_pairs({**context.tags_for(key), **(also or {})})
    return [{"ResourceType": resource_type, "Tags": tags} for resource_type in types]


@contextmanager
def ignore_not_found() -> Iterator[None]:
    """Let AWS's answer that something does not exist pass: what is deleted may be gone already."""
    try:
        yield
    except ClientError as error:
        if "NotFound" not in code_of(error):
            raise


def retry_until_visible[Result](call: Callable[[], Result]) -> Result:
    """Call, and call again while AWS does not know yet what it has just made.

    For the second call of one creation only: creating again would make a second resource. What a creation
    refers to, and every other error that goes away by itself, is waited for in ``execution``.
    """
    deadline = time.monotonic() + CONSISTENCY_SECONDS
    pause = 0.5
    while True:
        try:
            return call()
        except ClientError as error:
            if "NotFound" not in code_of(error) or time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 5.0)


def is_our_token(token: str) -> bool:
    """Whether ``token`` looks like one of ours. Consoles, command lines and Auto Scaling make UUIDs."""
    return re.fullmatch(r"[0-9a-f]{64}", token) is not None


def client_token(context: Context, key: str, *parts: object) -> str:
    """Return a token, the same for the same request: AWS answers a repeated one with its first result."""
    words = "\n".join([context.account_id, context.region, context.stack, key, *map(repr, parts)])
    return hashlib.sha256(words.encode()).hexdigest()
