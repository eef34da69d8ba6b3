"""What a kind of resource is: the one place that knows how AWS creates, reads and changes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import Schema
from .passing import Passing

if TYPE_CHECKING:
    from ..aws.session import Session
    from .read_cache import ReadCache

STACK_TAG = "airlift:stack"
KEY_TAG = "airlift:key"
REGION_TAG = "airlift:region"
"""On what AWS keeps once for all regions, where the other two would be those of several stacks."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every call to AWS needs: the session (clients by service), the stack and the owner's tags.

    ``read_cache`` is shared by the kinds that are asked to ``find`` at the same time. ``thorough`` has them
    look for what earlier versions made under other names, too.
    """

    session: Session
    stack: str
    region: str
    account_id: str
    tags: Mapping[str, str]
    read_cache: ReadCache | None = None
    thorough: bool = False

    def tags_for(self, key: str) -> dict[str, str]:
        """Return all tags of the resource ``key``: the owner's, a Name, and the two that make it ours."""
        name = f"{self.stack}-{key.split('/', 1)[-1].replace('/', '-')}"
        return {"Name": name, **self.tags, STACK_TAG: self.stack, KEY_TAG: key}


class Kind(ABC):
    """One kind of AWS resource.

    A kind reads (``find``), and does (``create``, ``update``, ``delete``, ``settled``). It never decides:
    comparing is the plan's, over ``properties`` of the same shape on both sides. References in the
    properties that a kind receives in ``create`` and ``update`` have been resolved to strings.
    Errors of botocore pass through: ``aws.errors`` words them.
    """

    name: ClassVar[str]
    """The kind as messages say it, in the field's words: ``subnet``, ``target group``."""

    after: ClassVar[frozenset[str]] = frozenset()
    """Kinds that resources of this kind can refer to. Deletion goes the other way."""

    schema: ClassVar[Schema]
    """Every property of the kind, and how it behaves. The plan refuses any other."""

    create_before_delete: ClassVar[bool] = False
    """Whether a replacement can exist beside the old one (no name in common): it then comes first."""

    deletable_in_use: ClassVar[bool] = False
    """Whether AWS deletes one while others refer to it. If not, its replacement replaces those too."""

    billable: ClassVar[bool] = False
    """Whether one of these left behind costs money by itself."""

    holds_data: ClassVar[bool] = False
    """Whether deleting one loses data: then it is kept unless the owner says that data goes too."""

    expected_seconds: ClassVar[int] = 2
    """How long creation usually takes on AWS: shown as progress, never used to decide."""

    timeout_seconds: ClassVar[int] = 60
    """How long to wait for ``settled`` before giving up."""

    gone_seconds: ClassVar[int] = 60
    """How long to wait for ``gone`` before giving up."""

    not_yet: ClassVar[tuple[Passing, ...]] = ()
    """What AWS answers while this, or what it refers to, is not visible yet to the service that is asked."""

    consistency_seconds: ClassVar[float] = 90.0
    """How long to try again while AWS answers ``not_yet``. Usually it does for less than 10."""

    still_used: ClassVar[tuple[Passing, ...]] = ()
    """What AWS answers to a deletion while others have not let go of it."""

    release_seconds: ClassVar[float] = 300.0
    """How long to try again while AWS answers ``still_used``."""

    poll_seconds: ClassVar[float] = 2.0

    @abstractmethod
    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return every resource of this kind that carries the stack's tag, wanted or not.

        As few calls as the API allows, paginated; ``wanted`` gives the deterministic names where the
        kind cannot be filtered by tag. Resources on their way out (terminated, deleting) are left out.
        """

    @abstractmethod
    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create it with its tags in the same call where AWS can, and return it as far as it is known."""

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Make ``found`` have ``properties``; ``changes`` says what differs.

        Kinds with only immutable properties never get here.
        """
        raise AssertionError(f"{self.name} has nothing that can be updated")

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Add or overwrite ``tags``; others are left alone. Called only if ``find`` filled ``Found.tags``."""
        raise AssertionError(f"{self.name} reads tags that it cannot write")

    @abstractmethod
    def delete(self, context: Context, found: Found) -> None:
        """Delete it. One that is gone already is no error."""

    def protected(self, found: Found) -> tuple[str, str] | None:
        """Return why it may not be deleted and what to do about that, where its owner has said so in AWS."""
        return None

    def impossible(self, found: Found, changes: Sequence[Change]) -> tuple[str, str] | None:
        """Return why AWS does not make these ``changes`` in place, and what to do about that."""
        return None

    def settled(self, context: Context, found: Found) -> Found | None:
        """Return the resource once it can be used (state available, running), or None to be asked again.

        Raise ``NeverUsableError`` when it never will (state failed).
        """
        return found

    def gone(self, context: Context, found: Found) -> bool:
        """Whether a deleted resource has really left; asked every ``poll_seconds`` after ``delete``."""
        return True
