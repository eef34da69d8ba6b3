"""All kinds of resources, by their names in the blueprint. A new kind is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping

from .bucket import Bucket
from .certificate import Certificate
from .default_security_group import DefaultSecurityGroup
from .elastic_ip import ElasticIp
from .iam_role import IamRole
from .instance import Instance
from .instance_profile import InstanceProfile
from .internet_gateway import InternetGateway
from .key_pair import KeyPair
from .kind import Kind
from .listener import Listener
from .load_balancer import LoadBalancer
from .log_group import LogGroup
from .nat_gateway import NatGateway
from .parameter import Parameter
from .repository import Repository
from .route_table import RouteTable
from .secret import Secret
from .security_group import SecurityGroup
from .security_group_rule import SecurityGroupRule
from .subnet import Subnet
from .target import Target
from .target_group import TargetGroup
from .vpc import Vpc
from .vpc_endpoint import VpcEndpoint

KINDS: Mapping[str, Kind] = {
    "bucket": Bucket(),
    "certificate": Certificate(),
    "default_security_group": DefaultSecurityGroup(),
    "elastic_ip": ElasticIp(),
    "iam_role": IamRole(),
    "instance": Instance(),
    "instance_profile": InstanceProfile(),
    "internet_gateway": InternetGateway(),
    "key_pair": KeyPair(),
    "listener": Listener(),
    "load_balancer": LoadBalancer(),
    "log_group": LogGroup(),
    "nat_gateway": NatGateway(),
    "parameter": Parameter(),
    "repository": Repository(),
    "route_table": RouteTable(),
    "secret": Secret(),
    "security_group": SecurityGroup(),
    "security_group_rule": SecurityGroupRule(),
    "subnet": Subnet(),
    "target": Target(),
    "target_group": TargetGroup(),
    "vpc": Vpc(),
    "vpc_endpoint": VpcEndpoint(),
}
