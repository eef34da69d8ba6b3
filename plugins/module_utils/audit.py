"""Who did what to a stack, and when: one object for each run that changed something, in the stack's bucket.

An entry is ``audit/<seconds until the year 2286>-<time>-<action>.json``, so that a listing begins with the
newest. No role of the stack may write there, nothing expires it, and like all data it goes only with
``destroy_data``.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import datetime
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields

from .aws.errors import AWS_ERRORS, call_error, code_of
from .aws.session import Session
from .blueprint.storage import stack_bucket
from .errors import AirliftError
from .processes import user_and_host

_PREFIX = "audit/"
_LAST_SECOND = 9_999_999_999
_AT_A_TIME = 8
_ERRORS: tuple[type[Exception], ...] = (AirliftError, *AWS_ERRORS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: ``at`` in UTC, ``action`` such as ``release``, ``outcome`` done, failed or interrupted.

    ``what`` is one sentence, ``principal`` the caller's ARN, ``where`` user and machine.
    """

    at: str
    action: str
    outcome: str
    what: str
    principal: str
    where: str


def record(session: Session, stack: str, action: str, what: str, outcome: str = "done") -> str | None:
    """Write down what was done; return a warning where that is not possible (s3:PutObject).

    What was done is done: a failure to write it down is none of the run's.
    """
    now = datetime.datetime.now(datetime.UTC)
    try:
        identity = session.verify_access()
        entry = Entry(
            at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            action=action,
            outcome=outcome,
            what=what,
            principal=identity.arn,
            where=user_and_host(),
        )
        session.client("s3").put_object(
            Bucket=stack_bucket(stack, identity.account_id, session.region),
            Key=f"{_PREFIX}{_LAST_SECOND - int(now.timestamp())}-{now:%Y-%m-%dT%H%M%S.%fZ}-{action}.json",
            Body=json.dumps(asdict(entry), indent=2).encode(),
            ContentType="application/json",
        )
    except _ERRORS as error:
        if code_of(error) == "NoSuchBucket":
            return f"There is no bucket of stack {stack} to write down in that this was a {action}."
        return str(call_error(error, "write down", f"the {action} of stack {stack}", session.region))
    return None


def recent(session: Session, stack: str, count: int) -> list[Entry]:
    """Return the last ``count`` entries, the newest first (s3:ListBucket, s3:GetObject).

    Raises ``CallError``; without a bucket there is nothing, and that is no error.
    """
    client = session.client("s3")
    try:
        bucket = stack_bucket(stack, session.verify_access().account_id, session.region)
        listed = client.list_objects_v2(Bucket=bucket, Prefix=_PREFIX, MaxKeys=count)
        keys = [one["Key"] for one in listed.get("Contents", ())]
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            texts = pool.map(lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read(), keys)
            return [entry for text in texts if (entry := _entry(text)) is not None]
    except AWS_ERRORS as error:
        if code_of(error) == "NoSuchBucket":
            return []
        raise call_error(error, "read", f"the audit of stack {stack}", session.region) from error


def _entry(text: bytes) -> Entry | None:
    """Read an entry; None where it is none, as of a later version that writes others."""
    try:
        raw = json.loads(text)
        return Entry(**{one.name: str(raw[one.name]) for one in fields(Entry)})
    except (ValueError, KeyError, TypeError):
        return None
