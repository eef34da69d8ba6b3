"""Emptying the account of this process, which all tests in it share."""

from __future__ import annotations

from moto.backends import get_backend

SERVICES = (
    *("acm", "cloudwatch", "ec2", "ecr", "elbv2", "iam", "logs", "resourcegroupstaggingapi", "s3"),
    *("secretsmanager", "ssm", "sts"),
)


def forget() -> None:
    """Empty the account.

    moto's own reset goes by a list of what is in use, and loses from it what the reset of one service makes
    of another.
    """
    for service in SERVICES:
        backends = get_backend(service)  # type: ignore[call-overload]
        for account in list(backends.values()):
            account.reset()
        backends.clear()
