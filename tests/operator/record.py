"""Everything that provisioning does to a stack: made, changed, damaged by others, mended, removed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from tests.integration.cloud import Cloud

NAME = "demo"
OTHER = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def questions(cloud: Cloud) -> list[dict[str, Any]]:
    """What IAM was asked since the last `forget`."""
    with urllib.request.urlopen(f"{cloud.url}/_localcloud/permissions", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)["permissions"]
    return found


def forget(cloud: Cloud) -> None:
    """Begin anew."""
    request = urllib.request.Request(f"{cloud.url}/_localcloud/permissions", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


def lifecycle(cloud: Cloud, **given: Any) -> list[dict[str, Any]]:
    """Lead a stack through its life; return what its provisioning asked. `given` are options of the stack."""
    found: list[dict[str, Any]] = []

    def provision(**changes: Any) -> None:
        forget(cloud)
        result = cloud.provision(**given, **changes)
        assert not result["failed"], result.get("msg")
        found.extend(questions(cloud))

    provision()
    for harm in HARMS:
        harm(cloud)
    provision()
    _tidy(cloud)
    provision(tags={"environment": "other"})
    _fill(cloud)
    provision(state="absent")
    provision()
    provision(
        replace_hosts=True,
        compute={"spot": True, "access": "ssm", "count": 1},
        ingress={"idle_timeout_seconds": 120},
    )
    _fill(cloud)
    provision(state="absent", destroy_data=True)
    return found


def _ids(cloud: Cloud) -> dict[str, str]:
    """Key of a resource → its id."""
    return {one["key"]: one["id"] for one in cloud.info()["resources"]}


def _network(cloud: Cloud) -> None:
    ec2, ids = cloud.client("ec2"), _ids(cloud)
    subnet = ids["network/subnet/private/a"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    public, gateway = ids["network/route-table/public"], ids["network/internet-gateway"]
    ec2.create_route(RouteTableId=public, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)
    private = ids["network/route-table/private/a"]
    ec2.replace_route(RouteTableId=private, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    endpoint = next(identifier for key, identifier in ids.items() if key.startswith("network/endpoint"))
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[private])


def _rules(cloud: Cloud) -> None:
    ec2, ids = cloud.client("ec2"), _ids(cloud)
    group = ids["network/security-group/host"]
    (rule, *_) = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
        "SecurityGroupRules"
    ]
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 2,
                    "CidrIpv4": "192.0.2.0/24",
                },
            }
        ],
    )
    default = ids["network/default-security-group"]
    ec2.authorize_security_group_ingress(
        GroupId=default, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )


def _hosts(cloud: Cloud) -> None:
    ec2, iam, ids = cloud.client("ec2"), cloud.client("iam"), _ids(cloud)
    first, second = ids["compute/host/1"], ids["compute/host/2"]
    associations = {
        one["InstanceId"]: one["AssociationId"]
        for one in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    }
    iam.create_instance_profile(InstanceProfileName="other")
    ec2.disassociate_iam_instance_profile(AssociationId=associations[first])
    ec2.associate_iam_instance_profile(InstanceId=first, IamInstanceProfile={"Name": "other"})
    ec2.disassociate_iam_instance_profile(AssociationId=associations[second])
    ec2.modify_instance_metadata_options(InstanceId=first, HttpTokens="optional")
    other = ec2.create_security_group(VpcId=ids["network/vpc"], GroupName="open", Description="by hand")
    ec2.modify_instance_attribute(InstanceId=second, Groups=[other["GroupId"]])
    ec2.stop_instances(InstanceIds=[first])


def _identity(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    (role,) = [one for one in iam.list_roles()["Roles"] if one["RoleName"].endswith("-host")]
    name = role["RoleName"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=_document(OTHER))
    iam.update_role(RoleName=name, Description="by hand")
    iam.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=_document(EVERYTHING))
    more = iam.create_policy(PolicyName="more", PolicyDocument=_document(EVERYTHING))
    iam.attach_role_policy(RoleName=name, PolicyArn=more["Policy"]["Arn"])


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _ingress(cloud: Cloud) -> None:
    elb, ec2 = cloud.client("elbv2"), cloud.client("ec2")
    (balancer,) = [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]
    (group,) = [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/by-hand")
    (other,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["open"]}])[
        "SecurityGroups"
    ]
    elb.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[other["GroupId"]])
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    secure = next(one["ListenerArn"] for one in listeners if one["Protocol"] == "HTTPS")
    elb.modify_listener(ListenerArn=secure, SslPolicy="ELBSecurityPolicy-2016-08")


def _data(cloud: Cloud) -> None:
    ecr, secrets = cloud.client("ecr"), cloud.client("secretsmanager")
    repository = {"repositoryName": f"{NAME}/inference"}
    ecr.put_image_tag_mutability(**repository, imageTagMutability="MUTABLE")
    ecr.put_image_scanning_configuration(**repository, imageScanningConfiguration={"scanOnPush": False})
    secrets.update_secret(SecretId=f"{NAME}/api-keys", Description="by hand")
    cloud.client("logs").delete_log_group(logGroupName=f"/{NAME}/edge")


def _tidy(cloud: Cloud) -> None:
    """Remove what was made by hand, on which the network would wait."""
    ec2, vpc = cloud.client("ec2"), [{"Name": "vpc-id", "Values": [_ids(cloud)["network/vpc"]]}]
    groups = ec2.describe_security_groups(Filters=vpc)["SecurityGroups"]
    ec2.delete_security_group(GroupId=next(one["GroupId"] for one in groups if one["GroupName"] == "open"))


def _fill(cloud: Cloud) -> None:
    """Put into the bucket what a removal has to empty: an object in two versions, and half an upload."""
    s3 = cloud.client("s3")
    (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    for body in (b"a", b"b"):
        s3.put_object(Bucket=bucket, Key="models/a", Body=body)
    s3.create_multipart_upload(Bucket=bucket, Key="models/b")


HARMS: tuple[Callable[[Cloud], None], ...] = (_network, _rules, _hosts, _identity, _ingress, _data)
