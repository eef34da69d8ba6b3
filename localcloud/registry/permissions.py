"""Which actions of ECR a request to the registry takes, and whether who sends it may.

A login does not say whose it is, so the sender is told from the address: an instance is its role, this
machine is the account's root user. Layers themselves follow from the manifest that names them.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""

from __future__ import annotations

from localcloud import iam
from localcloud.backends import instances
from localcloud.judge.decision import Held
from localcloud.judge.judge import Judge
from localcloud.judge.policy import Ask
from localcloud.judge.principals import of_role, root
from localcloud.judge.refusals import sentence_of
from localcloud.judge.scope import Scope
from localcloud.registry.rules import MANIFEST, UPLOAD, Refusal

PULL = ("BatchGetImage", "GetDownloadUrlForLayer")
BEGIN = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload")
PUSH = ("PutImage",)


def actions(method: str, path: str) -> tuple[str, ...]:
    """What a request needs."""
    if MANIFEST.fullmatch(path):
        return PULL if method in ("GET", "HEAD") else PUSH
    return BEGIN if UPLOAD.fullmatch(path) else ()


def denied(judge: Judge, scope: Scope, method: str, path: str, source: str) -> Refusal | None:
    """IAM's refusal of a request from an address."""
    match = MANIFEST.fullmatch(path) or UPLOAD.fullmatch(path)
    if match is None:
        return None
    held = _sender(source, scope)
    arn = f"arn:{scope.partition}:ecr:{scope.region}:{scope.account_id}:repository/{match['name']}"
    for action in actions(method, path):
        ask = Ask(f"ecr:{action}", arn)
        why = judge.why_not(ask, held, scope)
        if why is not None:
            return Refusal(403, "DENIED", sentence_of(held.principal, ask, why))
    return None


def _sender(source: str, scope: Scope) -> Held:
    for view in instances():
        if view.private_ip == source and view.state == "running" and view.profile_arn:
            profile = iam.profile(view.profile_arn)
            if profile is not None and profile.role_arn:
                return of_role(profile.role_arn, view.id, scope)
    return root(scope)
