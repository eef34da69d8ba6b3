"""The types of resources that the kinds know, as ARNs name them: ``service:type``, or the service alone."""

from __future__ import annotations

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "bucket": "s3",
    "certificate": "acm:certificate",
    "default_security_group": "ec2:security-group",
    "elastic_ip": "ec2:elastic-ip",
    "iam_role": "iam:role",
    "instance": "ec2:instance",
    "instance_profile": "iam:instance-profile",
    "internet_gateway": "ec2:internet-gateway",
    "key_pair": "ec2:key-pair",
    "listener": "elasticloadbalancing:listener",
    "load_balancer": "elasticloadbalancing:loadbalancer",
    "log_group": "logs:log-group",
    "nat_gateway": "ec2:natgateway",
    "parameter": "ssm:parameter",
    "repository": "ecr:repository",
    "route_table": "ec2:route-table",
    "secret": "secretsmanager:secret",
    "security_group": "ec2:security-group",
    "security_group_rule": "ec2:security-group-rule",
    "subnet": "ec2:subnet",
    "target": "",
    "target_group": "elasticloadbalancing:targetgroup",
    "vpc": "ec2:vpc",
    "vpc_endpoint": "ec2:vpc-endpoint",
}
"""By kind. A target has no ARN."""

PARTS = frozenset({"ec2:network-interface", "ec2:volume"})
"""Types of what belongs to an instance, has its tags, and goes with it."""


def type_of(arn: str) -> str:
    """Return the type of the resource that ``arn`` names.

    The resource part of an ARN is ``type/id``, ``type:id`` or, for buckets, only the id.
    """
    service, _region, _account, resource = arn.split(":", 5)[2:]
    if service == "s3":
        return service
    name = resource.replace(":", "/").split("/", 1)[0]
    return f"{service}:{name}"
