"""The judge over HTTP: users, roles, resource policies, and refusals in each protocol's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import boto3
import botocore.exceptions
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from localcloud import iam
from localcloud.backends import InstanceView
from localcloud.judge.judge import Judge
from localcloud.metadata.credentials import Credentials
from localcloud.registry.permissions import denied
from localcloud.tests.accounts import control_plane
from localcloud.tests.clouds import client

ACCOUNT = "123456789012"
SECRETS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with control_plane() as url:
        yield url


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Person:
    """A user of the account, and clients with its key."""

    def __init__(self, endpoint: str, name: str) -> None:
        self.endpoint, self.name = endpoint, name
        self.iam = client("iam", endpoint)
        self.arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        self.key = self.iam.create_access_key(UserName=name)["AccessKey"]

    def may(self, *statements: dict[str, Any]) -> None:
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))

    def client(self, service: str) -> Any:
        return keyed(service, self.endpoint, self.key["AccessKeyId"], self.key["SecretAccessKey"])


def keyed(service: str, endpoint: str, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # a name only known at run time
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def role_client(service: str, endpoint: str, role_arn: str) -> Any:
    """A client with a session as IMDS hands it out."""
    made = iam.assume_role("us-east-1", role_arn, "i-0123456789abcdef0", 3600)
    return keyed(service, endpoint, made.access_key_id, made.secret_access_key, made.session_token)


def refusal(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """Status, code and words of a call that must be refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error.get("Message", "")


@pytest.fixture(scope="module")
def eve(endpoint: str) -> Person:
    return Person(endpoint, "eve")


@pytest.mark.parametrize(
    ("call", "arguments", "answer", "asked"),
    [
        ("ec2.create_vpc", {"CidrBlock": "10.0.0.0/16"}, (403, "UnauthorizedOperation"),
         f"ec2:CreateVpc on resource: arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/*"),
        ("s3.list_objects_v2", {"Bucket": "b"}, (403, "AccessDenied"),
         "s3:ListBucket on resource: arn:aws:s3:::b"),
        ("s3.get_object", {"Bucket": "b", "Key": "k"}, (403, "AccessDenied"),
         "s3:GetObject on resource: arn:aws:s3:::b/k"),
        ("iam.get_role", {"RoleName": "r"}, (403, "AccessDenied"),
         f"iam:GetRole on resource: arn:aws:iam::{ACCOUNT}:role/r"),
        ("elbv2.describe_load_balancers", {}, (403, "AccessDenied"),
         "elasticloadbalancing:DescribeLoadBalancers"),
        ("ssm.get_parameter", {"Name": "/x/y"}, (400, "AccessDeniedException"),
         f"ssm:GetParameter on resource: arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/x/y"),
        ("secretsmanager.get_secret_value", {"SecretId": "s"}, (400, "AccessDeniedException"),
         f"secretsmanager:GetSecretValue on resource: {SECRETS}:s-??????"),
        ("lambda.get_function", {"FunctionName": "f"}, (403, "AccessDeniedException"),
         f"lambda:GetFunction on resource: arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"),
    ],
)  # fmt: skip
def test_a_refusal_in_each_protocol(
    eve: Person, call: str, arguments: dict[str, Any], answer: tuple[int, str], asked: str
) -> None:
    eve.may(allow("sts:Nothing"))
    service, _, operation = call.partition(".")
    status, code, words = refusal(getattr(eve.client(service), operation), **arguments)
    assert (status, code) == answer
    action = asked.partition(" ")[0]
    because = f"because no identity-based policy allows the {action} action"
    assert f"User: {eve.arn} is not authorized to perform: {asked} {because}" in words


def test_a_head_request_is_refused_without_a_body(eve: Person) -> None:
    eve.may(allow("sts:Nothing"))
    assert refusal(eve.client("s3").head_bucket, Bucket="b")[:2] == (403, "403")


def test_whoever_has_a_key_may_ask_who_it_is(eve: Person) -> None:
    eve.may({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert eve.client("sts").get_caller_identity()["Arn"] == eve.arn


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_vpcs", (401, "AuthFailure")),
        ("s3", "list_buckets", (403, "InvalidAccessKeyId")),
        ("iam", "list_roles", (403, "InvalidClientTokenId")),
        ("ssm", "describe_parameters", (400, "UnrecognizedClientException")),
    ],
)
def test_a_key_that_nobody_has(endpoint: str, service: str, operation: str, code: tuple[int, str]) -> None:
    stranger = keyed(service, endpoint, "AKIAIOSFODNN7EXAMPLE", "secret")
    assert refusal(getattr(stranger, operation))[:2] == code


def test_a_key_that_was_deactivated_opens_nothing(endpoint: str) -> None:
    gone = Person(endpoint, "gone")
    gone.may(allow("ec2:*"))
    gone.client("ec2").describe_vpcs()
    gone.iam.update_access_key(UserName="gone", AccessKeyId=gone.key["AccessKeyId"], Status="Inactive")
    assert refusal(gone.client("ec2").describe_vpcs)[:2] == (401, "AuthFailure")


def test_a_user_has_the_policies_of_its_groups_and_managed_ones(endpoint: str) -> None:
    bob = Person(endpoint, "bob")
    bob.iam.create_group(GroupName="readers")
    bob.iam.add_user_to_group(GroupName="readers", UserName="bob")
    assert refusal(bob.client("ec2").describe_vpcs)[1] == "UnauthorizedOperation"
    bob.iam.put_group_policy(
        GroupName="readers", PolicyName="p", PolicyDocument=document(allow("ec2:DescribeVpcs"))
    )
    bob.client("ec2").describe_vpcs()
    made = bob.iam.create_policy(PolicyName="m", PolicyDocument=document(allow("ec2:DescribeSubnets")))
    bob.iam.attach_user_policy(UserName="bob", PolicyArn=made["Policy"]["Arn"])
    bob.client("ec2").describe_subnets()


def test_a_roles_session_is_limited_by_its_boundary(endpoint: str) -> None:
    admin = client("iam", endpoint)
    boundary = admin.create_policy(PolicyName="boundary", PolicyDocument=document(allow("ec2:DescribeVpcs")))[
        "Policy"
    ]["Arn"]
    role = admin.create_role(
        RoleName="bounded", AssumeRolePolicyDocument=document(TRUST), PermissionsBoundary=boundary
    )["Role"]["Arn"]
    admin.put_role_policy(RoleName="bounded", PolicyName="p", PolicyDocument=document(allow("ec2:*")))
    session = role_client("ec2", endpoint, role)
    session.describe_vpcs()
    _, code, words = refusal(session.describe_subnets)
    assert code == "UnauthorizedOperation"
    assert "because no permissions boundary allows the ec2:DescribeSubnets action" in words
    assert f"User: arn:aws:sts::{ACCOUNT}:assumed-role/bounded/i-0123456789abcdef0 is not" in words
    admin.delete_role_policy(RoleName="bounded", PolicyName="p")
    assert "no identity-based policy" in refusal(session.describe_vpcs)[2]


def test_a_buckets_policy_is_judged_with_its_conditions(endpoint: str, eve: Person) -> None:
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="judged")
    arns = ["arn:aws:s3:::judged", "arn:aws:s3:::judged/*"]
    tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns,
           "Condition": {"Bool": {"aws:SecureTransport": "false"}}}  # fmt: skip
    s3.put_bucket_policy(Bucket="judged", Policy=document(tls))
    s3.put_object(Bucket="judged", Key="a", Body=b"a")
    s3.put_object(Bucket="judged", Key="models/a", Body=b"a")
    eve.may(allow("sts:Nothing"))
    theirs = eve.client("s3")
    assert refusal(theirs.get_object, Bucket="judged", Key="a")[:2] == (403, "AccessDenied")
    open_ = {"Effect": "Allow", "Principal": {"AWS": eve.arn}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::judged/models/*"}  # fmt: skip
    s3.put_bucket_policy(Bucket="judged", Policy=document(tls, open_))
    assert theirs.get_object(Bucket="judged", Key="models/a")["Body"].read() == b"a"
    assert refusal(theirs.get_object, Bucket="judged", Key="a")[:2] == (403, "AccessDenied")
    closed = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": arns[1]}
    s3.put_bucket_policy(Bucket="judged", Policy=document(closed))
    assert "explicit deny in a resource-based policy" in refusal(s3.get_object, Bucket="judged", Key="a")[2]


def test_only_who_may_list_a_bucket_is_told_that_an_object_is_missing(endpoint: str, eve: Person) -> None:
    client("s3", endpoint).create_bucket(Bucket="hidden")
    theirs = eve.client("s3")
    read = allow("s3:GetObject", "arn:aws:s3:::hidden/*")
    listing = allow("s3:ListBucket", "arn:aws:s3:::hidden")
    eve.may(read)
    assert refusal(theirs.get_object, Bucket="hidden", Key="models/x")[:2] == (403, "AccessDenied")
    eve.may(read, {**listing, "Condition": {"StringLike": {"s3:prefix": ["models/*"]}}})
    assert refusal(theirs.get_object, Bucket="hidden", Key="models/x")[:2] == (403, "AccessDenied")
    assert theirs.list_objects_v2(Bucket="hidden", Prefix="models/")["KeyCount"] == 0
    assert refusal(theirs.list_objects_v2, Bucket="hidden")[:2] == (403, "AccessDenied")
    eve.may(read, listing)
    assert refusal(theirs.get_object, Bucket="hidden", Key="models/x")[:2] == (404, "NoSuchKey")


def test_an_unsigned_request_is_refused(endpoint: str) -> None:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    stranger = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
    client("s3", endpoint).create_bucket(Bucket="private")
    assert refusal(stranger.list_objects_v2, Bucket="private")[:2] == (
        403,
        "AccessDenied",
    )


def test_a_presigned_url_is_its_signers(endpoint: str, eve: Person) -> None:
    import requests  # noqa: PLC0415  # of this test alone

    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="signed")
    s3.put_object(Bucket="signed", Key="k", Body=b"content")
    eve.may(allow("sts:Nothing"))
    signer = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=eve.key["AccessKeyId"],
        aws_secret_access_key=eve.key["SecretAccessKey"],
        config=Config(signature_version="s3v4"),
    )
    url = signer.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "k"})
    assert requests.get(url, timeout=10).status_code == 403
    eve.may(allow("s3:GetObject", "arn:aws:s3:::signed/k"))
    assert requests.get(url, timeout=10).content == b"content"


def test_secrets_and_repositories_have_policies_of_their_own(endpoint: str, eve: Person) -> None:
    eve.may(allow("sts:Nothing"))
    secrets, ecr = client("secretsmanager", endpoint), client("ecr", endpoint)
    secrets.create_secret(Name="theirs", SecretString="x")
    ecr.create_repository(repositoryName="theirs")
    assert refusal(eve.client("secretsmanager").get_secret_value, SecretId="theirs")[0] == 400
    assert refusal(eve.client("ecr").list_images, repositoryName="theirs")[0] == 400
    opened = {"Effect": "Allow", "Principal": {"AWS": eve.arn}}
    secrets.put_resource_policy(
        SecretId="theirs",
        ResourcePolicy=document({**opened, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}),
    )
    ecr.set_repository_policy(
        repositoryName="theirs", policyText=document({**opened, "Action": "ecr:ListImages"})
    )
    assert eve.client("secretsmanager").get_secret_value(SecretId="theirs")["SecretString"] == "x"
    assert eve.client("ecr").list_images(repositoryName="theirs")["imageIds"] == []


def test_a_role_is_passed_on_only_to_whom_the_policy_says(endpoint: str, eve: Person) -> None:
    admin = client("iam", endpoint)
    role = admin.create_role(RoleName="passed", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
    admin.create_instance_profile(InstanceProfileName="passed")
    image = client("ec2", endpoint).describe_images(Owners=["self"])["Images"][0]["ImageId"]
    wanted = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small",
              "IamInstanceProfile": {"Name": "passed"}}  # fmt: skip
    add = {"InstanceProfileName": "passed", "RoleName": "passed"}
    eve.may(allow(["ec2:*", "iam:AddRoleToInstanceProfile"]))
    assert (
        "iam:PassRole on resource: " + role
        in refusal(eve.client("iam").add_role_to_instance_profile, **add)[2]
    )
    admin.add_role_to_instance_profile(**add)
    assert refusal(eve.client("ec2").run_instances, **wanted)[1] == "UnauthorizedOperation"
    other = allow(
        "iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    )
    eve.may(allow("ec2:*"), other)
    assert "iam:PassRole" in refusal(eve.client("ec2").run_instances, **wanted)[2]
    right = allow(
        "iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    )
    eve.may(allow("ec2:*"), right)
    eve.client("ec2").run_instances(**wanted)


def test_tags_at_creation_and_on_resources_are_conditions(endpoint: str, eve: Person) -> None:
    ec2, theirs = client("ec2", endpoint), eve.client("ec2")
    spec = [{"ResourceType": "vpc", "Tags": [{"Key": "airlift:stack", "Value": "demo"}]}]
    eve.may(allow("ec2:CreateVpc"))
    assert "ec2:CreateTags" in refusal(theirs.create_vpc, CidrBlock="10.9.0.0/16", TagSpecifications=spec)[2]
    at_creation = {"StringEquals": {"ec2:CreateAction": "CreateVpc", "aws:RequestTag/airlift:stack": "demo"}}
    eve.may(allow("ec2:CreateVpc"), allow("ec2:CreateTags", Condition=at_creation))
    ours = theirs.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=spec)["Vpc"]["VpcId"]
    foreign = ec2.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    tagged = {"StringEquals": {"aws:ResourceTag/airlift:stack": "demo"}}
    eve.may(allow("ec2:DeleteVpc", Condition=tagged))
    assert refusal(theirs.delete_vpc, VpcId=foreign)[1] == "UnauthorizedOperation"
    theirs.delete_vpc(VpcId=ours)


def test_the_first_load_balancer_needs_the_services_own_role(endpoint: str, eve: Person) -> None:
    ec2 = client("ec2", endpoint)
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    eve.may(allow("elasticloadbalancing:*"))
    create = eve.client("elbv2").create_load_balancer
    assert "iam:CreateServiceLinkedRole" in refusal(create, Name="first", Subnets=subnets)[2]
    own = {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}}
    eve.may(allow("elasticloadbalancing:*"), allow("iam:CreateServiceLinkedRole", Condition=own))
    create(Name="first", Subnets=subnets)
    found = client("iam", endpoint).get_role(RoleName="AWSServiceRoleForElasticLoadBalancing")["Role"]
    assert found["Path"] == "/aws-service-role/elasticloadbalancing.amazonaws.com/"
    eve.may(allow("elasticloadbalancing:*"))
    create(Name="second", Subnets=subnets)


def test_a_role_is_assumed_only_by_whom_it_trusts(endpoint: str, eve: Person) -> None:
    admin = client("iam", endpoint)
    arn = admin.create_role(RoleName="assumed", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
    eve.may(allow("sts:AssumeRole"))
    assume = eve.client("sts").assume_role
    assert "no resource-based policy" in refusal(assume, RoleArn=arn, RoleSessionName="session")[2]
    trusting = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    admin.update_assume_role_policy(RoleName="assumed", PolicyDocument=document(trusting))
    made = assume(RoleArn=arn, RoleSessionName="session")["Credentials"]
    admin.put_role_policy(
        RoleName="assumed", PolicyName="p", PolicyDocument=document(allow("ec2:DescribeVpcs"))
    )
    key = (made["AccessKeyId"], made["SecretAccessKey"])
    keyed("ec2", endpoint, *key, made["SessionToken"]).describe_vpcs()
    assert refusal(keyed("ec2", endpoint, *key, "another").describe_vpcs)[:2] == (401, "AuthFailure")
    eve.may(allow("sts:Nothing"))
    assert "no identity-based policy" in refusal(assume, RoleArn=arn, RoleSessionName="session")[2]


def test_an_instance_gets_a_roles_credentials_only_where_the_role_trusts_ec2(endpoint: str) -> None:
    admin = client("iam", endpoint)
    arn = admin.create_role(RoleName="host", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
    instance = cast(InstanceView, SimpleNamespace(id="i-0123456789abcdef0", region="us-east-1"))
    issued = Credentials()
    assert json.loads(issued.document(instance, arn))["Code"] == "Success"
    other = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}
    admin.update_assume_role_policy(RoleName="host", PolicyDocument=document(other))
    refused = json.loads(issued.document(instance, arn))
    assert (refused["Code"], "SecretAccessKey" in refused) == ("AssumeRoleUnauthorizedAccess", False)


def test_an_instance_pulls_and_pushes_what_its_role_may(endpoint: str) -> None:
    admin, ec2 = client("iam", endpoint), client("ec2", endpoint)
    admin.create_role(RoleName="puller", AssumeRolePolicyDocument=document(TRUST))
    admin.create_instance_profile(InstanceProfileName="puller")
    admin.add_role_to_instance_profile(InstanceProfileName="puller", RoleName="puller")
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    (instance,) = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.small", IamInstanceProfile={"Name": "puller"}
    )["Instances"]
    judge, address = Judge(ACCOUNT, "us-east-1"), instance["PrivateIpAddress"]

    def answer(method: str, path: str, source: str = address) -> str:
        refused = denied(judge, judge.scope("us-east-1"), method, f"/v2/demo/inference/{path}", source)
        return refused.message if refused else "allowed"

    assert "ecr:BatchGetImage on resource" in answer("GET", "manifests/latest")
    may = allow(["ecr:BatchGetImage"], f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/demo/inference")
    admin.put_role_policy(RoleName="puller", PolicyName="p", PolicyDocument=document(may))
    assert "ecr:GetDownloadUrlForLayer on resource" in answer("GET", "manifests/latest")
    may["Action"] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    admin.put_role_policy(RoleName="puller", PolicyName="p", PolicyDocument=document(may))
    assert answer("GET", "manifests/latest") == "allowed"
    assert answer("HEAD", "manifests/latest") == "allowed"
    assert "ecr:PutImage" in answer("PUT", "manifests/latest")
    assert "ecr:InitiateLayerUpload" in answer("POST", "blobs/uploads/")
    assert answer("PUT", "manifests/latest", "127.0.0.1") == "allowed"


def test_what_was_asked_is_recorded(endpoint: str, eve: Person) -> None:
    import requests  # noqa: PLC0415  # of this test alone

    address = f"{endpoint}/_localcloud/permissions"
    requests.delete(address, timeout=10)
    eve.may(allow("ec2:DescribeVpcs"))
    eve.client("ec2").describe_vpcs()
    refusal(eve.client("ec2").describe_subnets)
    found = requests.get(address, params={"principal": eve.arn}, timeout=10).json()["permissions"]
    assert [(one["action"], one["allowed"]) for one in found] == [
        ("ec2:DescribeVpcs", True),
        ("ec2:DescribeSubnets", False),
    ]
