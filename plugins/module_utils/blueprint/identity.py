"""The identity layer: the role that hosts act as, with no more than what they do."""

from __future__ import annotations

import re

from ..errors import BlueprintError
from ..reconcile.model import Reference, Value, Wanted
from . import delivery, observability, registry, secrets, storage
from .options import Facts, StackOptions
from .policy import allow, arn, document

ROLE = "identity/host-role"
PROFILE = "identity/host-profile"

MAX_ROLE_NAME = 64
_POLICY_ARN = re.compile(r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]+$")

_SESSION_ACTIONS = (
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What the SSM agent calls. None of them can be limited to a resource."""


def wanted(options: StackOptions, facts: Facts) -> list[Wanted]:
    """Return the hosts' role and the instance profile that hands it to them."""
    errors = []
    boundary = options.identity.permissions_boundary
    if boundary is not None and not _POLICY_ARN.match(boundary):
        errors.append(
            f"identity.permissions_boundary is {boundary!r}; it must be the ARN of a managed policy, "
            "such as arn:aws:iam::123456789012:policy/boundary."
        )
    name = role_name(options, facts)
    if len(name) > MAX_ROLE_NAME:
        errors.append(
            f"The hosts' role would be called {name}, of {len(name)} characters; IAM takes {MAX_ROLE_NAME}. "
            "Choose a shorter stack name."
        )
    if errors:
        raise BlueprintError("\n".join(errors))
    return [
        Wanted(
            "iam_role",
            ROLE,
            {
                "name": name,
                "description": f"What the inference hosts of {options.name} in {facts.region} may do",
                "trust_policy": _trust(facts),
                "policies": {"host": host_policy(options, facts)},
                "permissions_boundary": boundary,
            },
        ),
        Wanted("instance_profile", PROFILE, {"name": name, "role": Reference(ROLE, "name")}),
    ]


def role_name(options: StackOptions, facts: Facts) -> str:
    """Return the name of the hosts' role, and of its profile: with the region, as IAM is one for all."""
    return f"{options.name}-{facts.region}-host"


def host_policy(options: StackOptions, facts: Facts) -> dict[str, Value]:
    """Return what a host may do: pull an image; read models, a secret, a parameter; write logs, figures."""
    bucket = storage.bucket_arn(options, facts)
    groups = [
        arn(facts, "logs", f"log-group:{name}:*") for name in observability.group_names(options).values()
    ]
    statements = [
        allow("RegistryLogin", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [Reference(registry.REPOSITORY, "arn")],
        ),
        allow("ReadModels", ["s3:GetObject"], [f"{bucket}/models/*"]),
        # A list of its key tells that an object is missing (delivery/absence.py); nothing else is for them.
        allow("ListModels", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": ["models/*"]}}),
        allow("ReadKeys", ["secretsmanager:GetSecretValue"], [Reference(secrets.API_KEYS, "arn")]),
        allow("ReadRelease", ["ssm:GetParameter"], [Reference(delivery.RELEASE, "arn")]),
        allow("WriteLogEvents", ["logs:CreateLogStream", "logs:PutLogEvents"], groups),
        allow(
            "WriteMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringEquals": {"cloudwatch:namespace": [f"Airlift/{options.name}"]}},
        ),
        allow("WriteTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
    ]
    if options.compute.access != "ssh":
        statements.append(allow("Sessions", _SESSION_ACTIONS, ["*"]))
    return document(*statements)


def _trust(facts: Facts) -> dict[str, Value]:
    suffix = ".cn" if facts.partition == "aws-cn" else ""
    return document(
        {
            "Sid": "Hosts",
            "Effect": "Allow",
            "Principal": {"Service": [f"ec2.amazonaws.com{suffix}"]},
            "Action": ["sts:AssumeRole"],
        }
    )
