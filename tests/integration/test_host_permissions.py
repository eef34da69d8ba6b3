"""What hosts do under their own role: each action of its policy is needed by a call, and suffices for all.

The calls are those that hosts make in an end-to-end run, which compares (tests/e2e/test_3_permissions.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.identity import host_policy
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from botocore.config import Config

from localcloud import iam
from tests.host_calls import CALLS, UNRECORDED, Call
from tests.integration.cloud import REGION, Cloud, served

ACCOUNT = "123456789012"
BLOB = "models/blobs/sha256/00"
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
OPTIONS = StackOptions.parse({"name": "demo", "region": REGION, "compute": {"access": "ssm"}})
ACTIONS = [
    action
    for statement in host_policy(OPTIONS, Facts(ACCOUNT, REGION, (f"{REGION}a", f"{REGION}b")))["Statement"]  # type: ignore[union-attr,index]
    for action in statement["Action"]  # type: ignore[index,union-attr,call-overload]
]


@dataclass
class Host:
    """A host of a stack, with the credentials that its metadata service hands it."""

    cloud: Cloud
    role: str
    policy: dict[str, Any]
    clients: Mapping[str, Any]

    def call(self, call: Call) -> str | None:
        """Make a call; return AWS's code where IAM refuses it. Whatever else it says is no matter here."""
        given = json.loads(json.dumps(call.arguments).replace("{bucket}", f"demo-{ACCOUNT}-{REGION}"))
        try:
            getattr(self.clients[call.service], call.operation)(**given)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            return code if code in DENIED else None
        return None

    def refused(self) -> list[Call]:
        return [call for call in CALLS if self.call(call)]

    def may(self, policy: Mapping[str, Any]) -> None:
        self.cloud.client("iam").put_role_policy(
            RoleName=self.role, PolicyName="host", PolicyDocument=json.dumps(policy)
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with served(tmp_path_factory.mktemp("cloud")) as cloud:
        result = cloud.provision(compute={"access": "ssm"})
        assert not result["failed"], result.get("msg")
        cloud.client("s3").put_object(Bucket=f"demo-{ACCOUNT}-{REGION}", Key=BLOB, Body=b"weights")
        admin = cloud.client("iam")
        (profile,) = admin.list_instance_profiles()["InstanceProfiles"]
        (role,) = profile["Roles"]
        issued = iam.assume_role(REGION, role["Arn"], "i-0123456789abcdef0", 3600)
        clients = {
            service: boto3.client(
                service,  # type: ignore[call-overload]  # a name only known at run time
                endpoint_url=cloud.url,
                region_name=REGION,
                aws_access_key_id=issued.access_key_id,
                aws_secret_access_key=issued.secret_access_key,
                aws_session_token=issued.session_token,
                config=Config(retries={"total_max_attempts": 1}),
            )
            for service in {call.service for call in CALLS}
        }
        (name,) = admin.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        policy = admin.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
        yield Host(cloud, role["RoleName"], policy, clients)


def without(policy: Mapping[str, Any], action: str) -> dict[str, Any]:
    """A policy that does not allow one action."""
    statements = [
        {**one, "Action": [name for name in one["Action"] if name != action]} for one in policy["Statement"]
    ]
    return {**policy, "Statement": [one for one in statements if one["Action"]]}


def test_every_call_of_a_host_is_allowed(host: Host) -> None:
    assert host.refused() == []


@pytest.mark.parametrize("action", [one for one in ACTIONS if one not in UNRECORDED])
def test_an_action_taken_away_is_a_call_refused(host: Host, action: str) -> None:
    host.may(without(host.policy, action))
    try:
        assert host.refused() != []
    finally:
        host.may(host.policy)


def test_what_no_call_needs_is_listed_and_still_there() -> None:
    assert sorted(set(UNRECORDED) - set(ACTIONS)) == []


def test_a_host_may_do_nothing_to_what_is_not_its_stacks(host: Host) -> None:
    foreign = (
        Call("s3", "get_object", {"Bucket": "{bucket}", "Key": "logs/other"}),
        Call("s3", "list_objects_v2", {"Bucket": "{bucket}"}),
        Call("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": "audit/"}),
        Call("s3", "put_object", {"Bucket": "{bucket}", "Key": BLOB}),
        Call("secretsmanager", "get_secret_value", {"SecretId": "other/api-keys"}),
        Call("ssm", "get_parameter", {"Name": "/other/release"}),
        Call("ssm", "put_parameter", {"Name": "/demo/release", "Value": "x", "Overwrite": True}),
        Call("cloudwatch", "put_metric_data", {"Namespace": "Airlift/other", "MetricData": []}),
        Call("logs", "create_log_stream", {"logGroupName": "/other/edge", "logStreamName": "s"}),
    )
    assert [call.operation for call in foreign if not host.call(call)] == []


def test_sessions_need_what_aws_own_policy_for_them_has() -> None:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415  # large

    core = json.loads(aws_managed_policies_data)["AmazonSSMManagedInstanceCore"]["Document"]
    known = {action for statement in core["Statement"] for action in statement["Action"]}
    sessions = {one for one in UNRECORDED if one.startswith(("ec2messages:", "ssm:", "ssmmessages:"))}
    assert sorted(sessions - known) == []
