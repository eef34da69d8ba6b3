"""A process that dies at the n-th changing call, and what an account has, by AWS's own account of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch

from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Session

from tests.integration.cloud import Cloud

When = Literal["before", "after"]
"""Before the call is sent; or after it took effect, its answer unread."""

_READS = ("BatchCheck", "BatchGet", "Describe", "Get", "Head", "List")


class Death:
    """Lets ``number`` - 1 changing calls through and dies at the next: from then on no call works."""

    def __init__(self, number: int, when: When) -> None:
        self.number = number
        self.when = when
        self.changing = 0
        self.dead = False
        self._lock = threading.Lock()

    def watch(self, client: Any) -> None:
        """Be asked before and after each call of ``client``."""
        client.meta.events.register_first("before-call", self._before)
        client.meta.events.register_first("after-call", self._after)

    def _before(self, model: Any, params: dict[str, Any], **_event: object) -> None:
        with self._lock:
            if not self.dead and not model.name.startswith(_READS):
                self.changing += 1
                params["context"]["number"] = self.changing
                self.dead = self.changing == self.number and self.when == "before"
        self._die_if_dead()

    def _after(self, context: dict[str, Any], **_event: object) -> None:
        if context.get("number") == self.number:
            self.dead = True
        self._die_if_dead()

    def _die_if_dead(self) -> None:
        if self.dead:
            raise ProcessLookupError("this process is dead")


@contextmanager
def dying(number: int, when: When) -> Iterator[Death]:
    """Have every session that is made within die so."""
    death = Death(number, when)
    create = Session._create

    def watched(session: Session, service: str) -> Any:
        client = create(session, service)
        death.watch(client)
        return client

    with patch.object(Session, "_create", watched):
        yield death


def inventory(cloud: Cloud) -> dict[str, Any]:
    """Return what there is in the account, asked plainly and told without ids."""
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    here = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
    instances = [
        one
        for reservation in ec2.describe_instances()["Reservations"]
        for one in reservation["Instances"]
        if one["State"]["Name"] != "terminated"
    ]
    groups = elb.describe_target_groups()["TargetGroups"]
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    return {
        "vpcs": len(vpcs),
        "subnets": sorted(one["CidrBlock"] for one in ec2.describe_subnets(Filters=here)["Subnets"]),
        "security groups": sorted(
            (one["GroupName"], len(one["IpPermissions"]), len(one["IpPermissionsEgress"]))
            for one in ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        ),
        "routes": sorted(
            (len(one["Routes"]), len(one["Associations"]))
            for one in ec2.describe_route_tables(Filters=here)["RouteTables"]
        ),
        "internet gateways": [
            len(one["Attachments"]) for one in ec2.describe_internet_gateways()["InternetGateways"]
        ],
        "NAT gateways": len([one for one in gateways if one["State"] not in ("deleted", "deleting")]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "endpoints": len(
            [one for one in ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["State"] != "deleted"]
        ),
        "key pairs": len(ec2.describe_key_pairs()["KeyPairs"]),
        "instances": len(instances),
        "load balancers": len(balancers),
        "listeners": [
            len(elb.describe_listeners(LoadBalancerArn=one["LoadBalancerArn"])["Listeners"])
            for one in balancers
        ],
        "targets": [
            len(elb.describe_target_health(TargetGroupArn=one["TargetGroupArn"])["TargetHealthDescriptions"])
            for one in groups
        ],
        "certificates": len(cloud.client("acm").list_certificates()["CertificateSummaryList"]),
        "roles": sorted(one["RoleName"] for one in cloud.client("iam").list_roles()["Roles"]),
        "profiles": [
            (one["InstanceProfileName"], len(one["Roles"]))
            for one in cloud.client("iam").list_instance_profiles()["InstanceProfiles"]
        ],
        "buckets": [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]],
        "repositories": len(cloud.client("ecr").describe_repositories()["repositories"]),
        "secrets": [one["Name"] for one in cloud.client("secretsmanager").list_secrets()["SecretList"]],
        "parameters": [one["Name"] for one in cloud.client("ssm").describe_parameters()["Parameters"]],
        "log groups": sorted(
            one["logGroupName"] for one in cloud.client("logs").describe_log_groups()["logGroups"]
        ),
    }
