from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.access import Identity, access_error
from ansible_collections.airlift.stack.plugins.module_utils.aws.errors import call_error
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, NeverUsableError
from ansible_collections.airlift.stack.plugins.module_utils.execution.progress import Progress, short
from ansible_collections.airlift.stack.plugins.module_utils.execution.retries import (
    is_in_use,
    is_transient,
    reply_lost,
)
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schedule import Verb
from ansible_collections.airlift.stack.plugins.module_utils.resources.arns import TYPES, type_of
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from tests.unit.execution.scripted import aws_error

URL = "https://ec2.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            aws_error("UnauthorizedOperation", "You are not authorized.", "CreateVpc"),
            "UnauthorizedOperation You are not authorized. Allow ec2:CreateVpc to these credentials",
        ),
        (
            aws_error("AccessDenied", "User: x is not authorized to perform: iam:CreateRole on resource: y"),
            "Allow iam:CreateRole to these credentials, or use others.",
        ),
        (aws_error("InsufficientInstanceCapacity"), "take another compute.instance_type"),
        (aws_error("InvalidKeyPair.Format"), "Set compute.ssh_public_key to one line"),
        (aws_error("ExpiredToken"), "sign in again. Run the same command again"),
        (
            aws_error("SomethingNew", "Odd."),
            "SomethingNew Odd. Run the same command again",
        ),
        (NeverUsableError("nat-1 is failed.", "Delete it."), ": nat-1 is failed. Delete it."),
        (ZeroDivisionError("oops"), "ZeroDivisionError oops. This is a defect in Airlift"),
    ],
)
def test_a_failure_says_what_to_do(error: Exception, words: str) -> None:
    said = str(call_error(error, "create", "VPC network/vpc", "us-east-1"))
    assert said.startswith("Failed to create VPC network/vpc in us-east-1: ")
    assert words in said


@pytest.mark.parametrize(
    ("error", "endpoint", "known", "words"),
    [
        (NoCredentialsError(), None, True, "No AWS credentials were found. Set access_key"),
        (aws_error("ExpiredToken"), None, True, "The AWS credentials have expired."),
        (aws_error("InvalidClientTokenId"), None, True, "AWS does not know this access key."),
        (aws_error("SignatureDoesNotMatch"), None, True, "The secret key does not belong to the access key."),
        (
            EndpointConnectionError(endpoint_url=URL),
            "http://127.0.0.1:1",
            True,
            "Nothing answers at the AWS endpoint",
        ),
        (EndpointConnectionError(endpoint_url=URL), None, False, "There is no AWS region us-east-1."),
        (EndpointConnectionError(endpoint_url=URL), None, True, "Check this machine's network"),
        (aws_error("Odd", "what"), "http://x", True, "AWS at http://x did not say who we are: Odd what."),
        (BotoCoreError(), None, True, "AWS could not be asked who we are"),
    ],
)
def test_one_sentence_for_every_reason_to_have_no_access(
    error: Exception, endpoint: str | None, known: bool, words: str
) -> None:
    said = access_error(error, "us-east-1", endpoint, known)
    assert isinstance(said, AirliftError)
    assert words in str(said)
    assert "\n" not in str(said)


def test_the_partition_is_in_the_arn() -> None:
    assert Identity("1", "arn:aws-cn:sts::1:x").partition == "aws-cn"


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (ReadTimeoutError(endpoint_url=URL), True),
        (ConnectionClosedError(endpoint_url=URL), True),
        (EndpointConnectionError(endpoint_url=URL), False),
        (aws_error("InternalError"), False),
    ],
)
def test_a_reply_is_lost_only_if_the_request_was_sent(error: Exception, lost: bool) -> None:
    assert reply_lost(error) is lost


PROFILE = "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"


@pytest.mark.parametrize(
    ("kind", "code", "message", "passes"),
    [
        ("instance", "InvalidParameterValue", PROFILE, True),
        ("instance", "InvalidParameterValue", "The CIDR is wrong", False),
        ("subnet", "InvalidParameterValue", PROFILE, False),
        ("subnet", "InvalidVpcID.NotFound", "no", True),
        ("load_balancer", "SubnetNotFound", "One or more subnets do not exist", True),
        ("load_balancer", "InvalidSubnet", "VPC vpc-1 has no internet gateway", True),
        ("load_balancer", "InvalidSecurityGroup", "One or more security groups are invalid", True),
        (
            "load_balancer",
            "InvalidConfigurationRequest",
            "Access Denied for bucket: logs. Check",
            True,
        ),
        ("load_balancer", "InvalidConfigurationRequest", "Key x not valid", False),
        ("target_group", "ValidationError", "The VPC ID 'vpc-1' is not found", True),
        ("target_group", "ValidationError", "Health check interval must be greater than the timeout", False),
        ("listener", "CertificateNotFound", "no", True),
        ("listener", "UnsupportedCertificate", "no", False),
        ("target", "InvalidTarget", "The following targets are not in a running state: i-1", True),
        ("target_group", "InvalidTarget", "no", False),
        ("iam_role", "MalformedPolicyDocument", "Invalid principal in policy", True),
        ("iam_role", "MalformedPolicyDocument", "Syntax errors in policy", False),
        ("instance_profile", "NoSuchEntity", "The role with name x cannot be found", True),
        ("bucket", "MalformedPolicy", "Invalid principal in policy", True),
        ("bucket", "OperationAborted", "A conflicting conditional operation is in progress", True),
        ("vpc", "VpcLimitExceeded", "no", False),
    ],
)
def test_what_passes_by_itself_is_known_by_kind(kind: str, code: str, message: str, passes: bool) -> None:
    assert is_transient(KINDS[kind], aws_error(code, message)) is passes


@pytest.mark.parametrize(
    ("kind", "code", "passes"),
    [
        ("subnet", "DependencyViolation", True),
        ("subnet", "UnauthorizedOperation", False),
        ("certificate", "ResourceInUseException", True),
        ("secret", "ResourceInUseException", False),
        ("target_group", "ResourceInUse", True),
        ("iam_role", "DeleteConflict", True),
        ("elastic_ip", "InvalidIPAddress.InUse", True),
    ],
)
def test_what_still_uses_it_lets_go(kind: str, code: str, passes: bool) -> None:
    assert is_in_use(KINDS[kind], aws_error(code)) is passes


def test_a_kind_that_refers_to_others_says_how_their_lag_is_worded() -> None:
    silent = {name for name, kind in KINDS.items() if kind.after and not kind.not_yet}
    assert silent == set()


def test_a_certificate_is_waited_for_longer_than_acm_takes_to_hear_of_it() -> None:
    assert KINDS["certificate"].release_seconds > 20 * 60
    assert KINDS["security_group"].release_seconds < 10 * 60


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("subnet", "network/subnet/private/a", "subnet private/a"),
        ("load balancer", "ingress/load-balancer", "load balancer"),
        ("instance", "compute/host/1", "instance host/1"),
        ("VPC", "network/vpc", "VPC"),
    ],
)
def test_a_resource_in_words(kind: str, key: str, words: str) -> None:
    assert short(kind, key) == words


def test_long_waits_are_spoken_of_every_ten_seconds() -> None:
    said: list[str] = []
    clock = [0.0]
    progress = Progress(said.append, clock=lambda: clock[0])
    progress.begin(12)
    progress.started("x", Verb.CREATE, "load balancer", "ingress/load-balancer", 150)
    for clock[0] in (1.0, 9.9, 10.0, 15.0, 20.5):
        progress.tick()
    clock[0] = 42.0
    progress.done("x")
    assert said == [
        "still creating load balancer (10 s, usually about 150 s)",
        "still creating load balancer (20 s, usually about 150 s)",
        "[ 1/12] created load balancer (42.0 s)",
    ]


def test_every_kind_says_what_its_arns_look_like() -> None:
    assert TYPES.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("arn:aws:s3:::demo-1", "s3"),
        ("arn:aws:ec2:us-east-1:1:natgateway/nat-1", "ec2:natgateway"),
        ("arn:aws:logs:us-east-1:1:log-group:/demo/edge", "logs:log-group"),
        ("arn:aws:secretsmanager:us-east-1:1:secret:demo/api-keys-x", "secretsmanager:secret"),
        ("arn:aws:sqs:us-east-1:1:queue", "sqs:queue"),
    ],
)
def test_the_type_in_an_arn(arn: str, words: str) -> None:
    assert type_of(arn) == words
