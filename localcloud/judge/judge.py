"""Judges each call as AWS would: who is behind the key, what is asked for, and what the policies say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from localcloud.actions import Action
from localcloud.judge import refusals
from localcloud.judge.asks import asks
from localcloud.judge.decision import Held, refusal
from localcloud.judge.policy import Ask
from localcloud.judge.principals import ANONYMOUS, UnknownKeyError, holder
from localcloud.judge.record import Record
from localcloud.judge.resource_policies import resource_policy
from localcloud.judge.roles import make_linked_role
from localcloud.judge.scope import Scope
from localcloud.log import logger
from localcloud.replies import Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOG = logger("judge")
CREDENTIAL = re.compile(r"Credential=([^/%\s]+)(?:/|%2F)\d{8}(?:/|%2F)([\w-]+)")
NO_SUCH_OBJECT = ("GetObject", "HeadObject")


class Judge:
    """One account's IAM."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        self.record = Record()

    def refuse(self, environ: WSGIEnvironment, action: Action) -> Reply | None:
        """The answer to a call that may not be made; None where it may."""
        scope, key, token = self._signature(environ)
        try:
            held = holder(key, token, scope) if key else ANONYMOUS
        except UnknownKeyError as unknown:
            return refusals.unknown(environ, action, unknown)
        if not key and refusals.protocol(environ, action.service) != refusals.S3:
            return refusals.unsigned(environ, action)
        questions = asks(environ, action, held.principal, scope)
        for ask in questions:
            why = self.why_not(ask, held, scope)
            if why is not None:
                LOG.info("%s", refusals.sentence_of(held.principal, ask, why))
                return refusals.denied(environ, action, held.principal, ask, why)
        for ask in questions:
            if ask.action == "iam:CreateServiceLinkedRole" and action.service != "iam":
                make_linked_role(ask.resource, scope)
        return None

    def hide_absence(self, environ: WSGIEnvironment, action: Action) -> Reply | None:
        """What S3 answers for an object that is not there to somebody who may not list the bucket: 403.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        if action.service != "s3" or action.name not in NO_SUCH_OBJECT:
            return None
        scope, key, token = self._signature(environ)
        held = holder(key, token, scope) if key else ANONYMOUS
        (ask, *_) = asks(environ, action, held.principal, scope)
        bucket = ask.resource.partition("/")[0]
        listing = Ask("s3:ListBucket", bucket, {k: v for k, v in ask.context.items() if k != "s3:prefix"})
        why = refusal(listing, held, resource_policy(listing, scope))
        return refusals.denied(environ, action, held.principal, listing, why) if why else None

    def caller(self, environ: WSGIEnvironment) -> Held:
        """Whose key has signed a request. Raises UnknownKeyError."""
        scope, key, token = self._signature(environ)
        return holder(key, token, scope) if key else ANONYMOUS

    def scope(self, region: str) -> Scope:
        """A region of the account."""
        return Scope(region, self._account_id)

    def why_not(self, ask: Ask, held: Held, scope: Scope) -> str | None:
        """Why it is refused, in AWS's words; None when it is allowed. It is recorded."""
        why = refusal(ask, held, resource_policy(ask, scope))
        self.record.add(held.principal, ask, why is None)
        return why

    def _signature(self, environ: WSGIEnvironment) -> tuple[Scope, str, str]:
        """Where the call is made, the access key (empty: unsigned) and the session's token."""
        query = environ.get("QUERY_STRING", "")
        match = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "") + query)
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
        if not token and "X-Amz-Security-Token" in query:
            token = parse_qs(query)["X-Amz-Security-Token"][0]
        if match is None:
            return self.scope(self._region), "", token
        return self.scope(match.group(2)), match.group(1), token
