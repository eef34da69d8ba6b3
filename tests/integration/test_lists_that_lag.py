"""Lists that do not show yet what was made, or still show what is gone: the next run finds its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cloud import Cloud, served

SMALL: dict[str, Any] = {
    "network": {"nat": "none", "zones": 1, "s3_endpoint": False},
    "ingress": None,
    "compute": {"count": 0},
    "secrets": {"recovery_window_days": 0},
}
LISTS = ("iam:List*", "s3:ListBuckets", "secretsmanager:ListSecrets", "ssm:DescribeParameters", "tagging:*")
NAMED = ("iam:*", "logs:DescribeLogGroups", "ecr:DescribeRepositories", "secretsmanager:*", "ssm:*")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("lag")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Iterator[Cloud]:
    server.begin_anew()
    yield server
    server.misbehave()


def stale(cloud: Cloud, seconds: float, *actions: str) -> None:
    cloud.misbehave(*({"action": action, "stale_seconds": seconds} for action in actions))


def done(result: dict[str, Any]) -> list[str]:
    assert not result["failed"], result.get("msg")
    return [f"{step['action']} {step['key']}" for step in result["plan"] if step["action"] != "keep"]


def left(cloud: Cloud) -> list[str]:
    """What the account has of the kinds that lag, told by AWS itself."""
    iam, s3 = cloud.client("iam"), cloud.client("s3")
    return [
        *(one["RoleName"] for one in iam.list_roles()["Roles"]),
        *(one["InstanceProfileName"] for one in iam.list_instance_profiles()["InstanceProfiles"]),
        *(one["Name"] for one in s3.list_buckets()["Buckets"]),
        *(one["Name"] for one in cloud.client("secretsmanager").list_secrets()["SecretList"]),
        *(one["Name"] for one in cloud.client("ssm").describe_parameters()["Parameters"]),
        *(one["logGroupName"] for one in cloud.client("logs").describe_log_groups()["logGroups"]),
        *(one["repositoryName"] for one in cloud.client("ecr").describe_repositories()["repositories"]),
    ]


def test_a_run_and_a_removal_right_after_the_first_find_everything(cloud: Cloud) -> None:
    stale(cloud, 600, *LISTS)
    assert done(cloud.provision(**SMALL))
    assert done(cloud.provision(**SMALL)) == []
    removed = done(cloud.provision(**SMALL, state="absent", destroy_data=True))
    assert {"delete secrets/api-keys", "delete delivery/release", "delete storage/bucket"} <= set(removed)
    cloud.misbehave()
    assert left(cloud) == []


def test_what_cannot_be_read_by_name_yet_is_adopted_when_it_can(cloud: Cloud) -> None:
    stale(cloud, 4, *NAMED)
    assert done(cloud.provision(**SMALL))
    again = done(cloud.provision(**SMALL))
    assert {
        "create identity/host-role",
        "create secrets/api-keys",
        "create observability/log-group/edge",
    } <= {*again}, "the second run did not see them"
    cloud.misbehave()
    assert done(cloud.provision(**SMALL)) == []


def test_what_a_killed_run_left_unfinished_is_finished_when_it_is_adopted(cloud: Cloud) -> None:
    stale(cloud, 600, *LISTS)
    cloud.provision(**SMALL)
    cloud.client("iam").delete_role_policy(RoleName="demo-us-east-1-host", PolicyName="host")
    assert done(cloud.provision(**SMALL)) == ["update identity/host-role"]


def test_what_is_gone_and_still_listed_is_not_reported_as_left(cloud: Cloud) -> None:
    cloud.provision(**SMALL)
    stale(cloud, 3, "logs:DescribeLogGroups", "ecr:DescribeRepositories", "secretsmanager:*", "ssm:*", "s3:*")
    assert "delete secrets/api-keys" in done(cloud.provision(**SMALL, state="absent", destroy_data=True))
    cloud.misbehave()
    assert left(cloud) == []
