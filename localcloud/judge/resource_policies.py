"""What resources say themselves about who may do what with them, read from moto."""

from __future__ import annotations

import json

from moto.ecr.models import ecr_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import sqs_backends

from localcloud.judge.decision import NO_POLICY, ResourcePolicy
from localcloud.judge.policy import Ask, parse
from localcloud.judge.principals import trust_of
from localcloud.judge.scope import Scope


def resource_policy(ask: Ask, scope: Scope) -> ResourcePolicy:
    """The policy of the resource that is asked about."""
    if ask.action.startswith("sts:AssumeRole"):
        return ResourcePolicy(trust_of(ask.resource, scope), required=True)
    _, _, service, region, _, rest = [*ask.resource.split(":", 5), "", "", "", "", ""][:6]
    document = _document(service, region or scope.region, rest, ask.resource, scope)
    if not document:
        return NO_POLICY
    return ResourcePolicy(parse(document), required=service == "kms")


def _document(service: str, region: str, rest: str, arn: str, scope: Scope) -> str:
    name = rest.partition("/")[2] or rest
    account = scope.account_id
    policy: object = None
    if service == "s3":
        buckets = s3_backends[account][scope.partition].buckets
        policy = getattr(buckets.get(rest.partition("/")[0]), "policy", None)
    elif service == "secretsmanager":
        secrets = secretsmanager_backends[account][region].secrets
        policy = getattr(secrets[arn], "policy", None) if arn in secrets else None
    elif service == "ecr":
        policy = getattr(ecr_backends[account][region].repositories.get(name), "policy", None)
    elif service == "kms":
        policy = getattr(kms_backends[account][region].keys.get(name), "policy", None)
    elif service == "sqs":
        policy = getattr(sqs_backends[account][region].queues.get(name), "policy", None)
    return _text(policy)


def _text(policy: object) -> str:
    if isinstance(policy, bytes):
        return policy.decode()
    return json.dumps(policy) if isinstance(policy, dict) else str(policy or "")
