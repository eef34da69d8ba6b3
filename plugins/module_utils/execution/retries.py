"""Which errors go away by themselves. (Throttling and broken reads are botocore's to repeat.)"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from ..aws.errors import code_of, message_of
from ..errors import NotVisibleYetError
from ..resources.kind import Kind
from ..resources.passing import BUSY, Passing

_EXISTS = {
    "BucketAlreadyOwnedByYou",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "EntityAlreadyExists",
    "InvalidGroup.Duplicate",
    "InvalidKeyPair.Duplicate",
    "InvalidPermission.Duplicate",
    "ParameterAlreadyExists",
    "RepositoryAlreadyExistsException",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
}
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


def reply_lost(error: Exception) -> bool:
    """Whether the request may have been carried out although no answer came."""
    return isinstance(error, HTTPClientError) and not isinstance(error, _NOT_SENT)


def is_not_there(error: Exception) -> bool:
    """Whether AWS says that there is no such thing: not yet, or not any more."""
    code = code_of(error)
    return code in {"NoSuchEntity", "NoSuchBucket"} or "NotFound" in code


def is_there_already(error: Exception) -> bool:
    """Whether a creation was refused because there is one already: ours, if a look finds it with our tags.

    A kind that can tell that it is somebody else's raises ``AirliftError`` instead.
    """
    return code_of(error) in _EXISTS


def is_transient(kind: Kind, error: Exception) -> bool:
    """Whether a creation or an update of ``kind`` that got ``error`` can succeed a little later, as it is."""
    return isinstance(error, NotVisibleYetError) or _is_one_of(error, kind.not_yet + BUSY)


def is_in_use(kind: Kind, error: Exception) -> bool:
    """Whether a deletion of ``kind`` that got ``error`` can succeed once others have let go."""
    return _is_one_of(error, kind.still_used + BUSY)


def _is_one_of(error: Exception, errors: Iterable[Passing]) -> bool:
    code, message = code_of(error), message_of(error)
    return any(one.is_it(code, message) for one in errors)
