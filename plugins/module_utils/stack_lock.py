"""One run at a time changes a stack: a lease in SSM, which ends by itself when its holder does.

The lock is the parameter ``/<stack>/lock``. It can be made before anything of the stack exists, and costs
nothing. Each change of it is compare and swap (ADR 0019): ``PutParameter`` without ``Overwrite`` makes it for
one caller (``ParameterAlreadyExists`` for the others), and with it returns the new version, which must be the
one after the version that was read: anything else says that another was faster. Who gives it back leaves it
there as free, since a parameter that was deleted must not be made again for 30 seconds; only a removal of the
stack deletes it.

Time is AWS's alone: the parameter's date of change against the date of the answer.
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
"""

from __future__ import annotations

import datetime
import email.utils
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .aws.errors import AWS_ERRORS, call_error, code_of
from .errors import AirliftError, LockedError
from .processes import Process, is_alive

if TYPE_CHECKING:
    from mypy_boto3_ssm.client import SSMClient

LEASE_SECONDS = 120
RENEW_SECONDS = 30
FREE = json.dumps({"holder": None})
_WAIT_FOR_KEEPER_SECONDS = 5.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. ``run`` is the process that works, ``keeper`` the one that renews the lease."""

    principal: str
    where: str
    purpose: str
    since: str
    run: Process
    keeper: Process

    @property
    def is_known_dead(self) -> bool:
        """Whether its processes were of this machine and have ended."""
        return not (is_alive(self.run) or is_alive(self.keeper))

    def as_text(self) -> str:
        """Return the parameter's value."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock as it was read: ``holder`` is None where the text is not a lock's. ``left`` are seconds."""

    holder: Holder | None
    version: int
    left: float
    is_free: bool = False

    @property
    def may_be_taken(self) -> bool:
        """Whether nobody holds it, it has ended, or nobody can be there to renew it."""
        dead = self.holder is not None and self.holder.is_known_dead
        return self.is_free or self.left <= 0 or dead


@dataclass(frozen=True, slots=True)
class StackLock:
    """The lock of one stack, in the account and region of ``ssm``."""

    ssm: SSMClient
    stack: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    @property
    def name(self) -> str:
        """The parameter's name."""
        return f"/{self.stack}/lock"

    def read(self) -> Lease | None:
        """Return the lease, or None where there is no lock (ssm:GetParameter)."""
        try:
            answer = self.ssm.get_parameter(Name=self.name)
        except AWS_ERRORS as error:
            if code_of(error) == "ParameterNotFound":
                return None
            raise self._failed(error, "read") from error
        found = answer["Parameter"]
        age = (_now(answer["ResponseMetadata"]) - found["LastModifiedDate"]).total_seconds()
        text = found["Value"]
        return Lease(_holder(text), found["Version"], LEASE_SECONDS - age, text == FREE)

    def take(self, holder: Holder, wait_seconds: float = 0) -> str | None:
        """Take the lock for ``holder``, for ``LEASE_SECONDS``; return from whom it was taken over, if so.

        Raises ``LockedError`` while somebody else holds it, after ``wait_seconds`` of looking again.
        """
        start = self.clock()
        while True:
            lease = self.read()
            if lease is None:
                if self._put(holder.as_text()) == 1:
                    return None
            elif lease.may_be_taken and self._replace(lease, holder.as_text()):
                return None if lease.is_free else _words(lease.holder)
            # A run that has ended is followed by its keeper in a moment.
            ending = lease is None or lease.is_free or (lease.holder and not is_alive(lease.holder.run))
            patience = max(wait_seconds, _WAIT_FOR_KEEPER_SECONDS if ending else 0)
            if self.clock() - start >= patience:
                raise self._locked(lease)
            self.sleep(_POLL_SECONDS)

    def renew(self, holder: Holder) -> None:
        """Begin a new lease. Raises ``LockedError`` where another holds the lock, or nobody does."""
        lease = self.read()
        if lease is None or lease.is_free:
            raise LockedError(
                f"The lock of stack {self.stack} was removed.", "Run the same command again: it goes on."
            )
        if lease.holder != holder or not self._replace(lease, holder.as_text()):
            raise self._locked(lease)

    def give_back(self, holder: Holder, *, for_good: bool = False) -> None:
        """Free the lock, if it is ``holder``'s; ``for_good`` deletes it (ssm:DeleteParameter)."""
        lease = self.read()
        if lease is None or lease.holder != holder:
            return
        if not for_good:
            self._replace(lease, FREE)
            return
        try:
            self.ssm.delete_parameter(Name=self.name)
        except AWS_ERRORS as error:
            if code_of(error) != "ParameterNotFound":
                raise self._failed(error, "give back") from error

    def _replace(self, lease: Lease, text: str) -> bool:
        """Overwrite ``lease``. Whoever was not the first puts the first one's words back."""
        version = self._put(text, overwrite=True)
        # 1: it was deleted meanwhile, and nobody else came.
        if version in (1, lease.version + 1):
            return True
        try:
            first = self.ssm.get_parameter(Name=f"{self.name}:{lease.version + 1}")["Parameter"]["Value"]
        except AWS_ERRORS as error:
            raise self._failed(error, "give back") from error
        self._put(first, overwrite=True)
        return False

    def _put(self, text: str, *, overwrite: bool = False) -> int:
        """Write it and return the version; 0 where it is there and must not be overwritten."""
        try:
            return self.ssm.put_parameter(Name=self.name, Value=text, Type="String", Overwrite=overwrite)[
                "Version"
            ]
        except AWS_ERRORS as error:
            if code_of(error) == "ParameterAlreadyExists":
                return 0
            raise self._failed(error, "take") from error

    def _locked(self, lease: Lease | None) -> LockedError:
        if lease is None or lease.is_free:
            return LockedError(
                f"The lock of stack {self.stack} went to others each time.", "Run the same command again."
            )
        left = max(1, round(lease.left))
        return LockedError(
            f"Another run is at work on stack {self.stack}: {_words(lease.holder)}.",
            f"Nothing was changed. Wait until it has ended; if it is dead, its lock ends in {left} s.",
        )

    def _failed(self, error: Exception, verb: str) -> AirliftError:
        region = self.ssm.meta.region_name
        return call_error(error, verb, f"the lock {self.name}", region)


def _words(holder: Holder | None) -> str:
    if holder is None:
        return "by something that is not this Airlift"
    return f"{holder.purpose} by {holder.principal} at {holder.where}, since {holder.since}"


def _holder(text: str) -> Holder | None:
    try:
        raw: Mapping[str, Any] = json.loads(text)
        processes = {name: Process(**raw[name]) for name in ("run", "keeper")}
        return Holder(**{**raw, **processes})
    except (ValueError, TypeError, KeyError):
        return None


def _now(metadata: Any) -> datetime.datetime:
    """Return the time of AWS's answer; without one, this machine's."""
    date = metadata.get("HTTPHeaders", {}).get("date")
    return email.utils.parsedate_to_datetime(date) if date else datetime.datetime.now(datetime.UTC)
