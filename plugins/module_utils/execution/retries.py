"""Which errors go away by themselves. (Throttling and broken reads are botocore's to repeat.)"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from ..aws.errors import code_of, message_of
from ..resources.kind import Kind
from ..resources.passing import BUSY, Passing

_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


def reply_lost(error: Exception) -> bool:
    """Whether the request may have been carried out although no answer came."""
    return isinstance(error, HTTPClientError) and not isinstance(error, _NOT_SENT)


def is_transient(kind: Kind, error: Exception) -> bool:
    """Whether a creation or an update of ``kind`` that got ``error`` can succeed a little later, as it is."""
    return _is_one_of(error, kind.not_yet + BUSY)


def is_in_use(kind: Kind, error: Exception) -> bool:
    """Whether a deletion of ``kind`` that got ``error`` can succeed once others have let go."""
    return _is_one_of(error, kind.still_used + BUSY)


def _is_one_of(error: Exception, errors: Iterable[Passing]) -> bool:
    code, message = code_of(error), message_of(error)
    return any(one.is_it(code, message) for one in errors)
