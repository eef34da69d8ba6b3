"""The data planes of a full localcloud, in the order in which they start."""

from __future__ import annotations

from localcloud.balancer.plane import BalancerPlane
from localcloud.ec2.plane import Ec2Plane
from localcloud.plane import Plane
from localcloud.registry.plane import RegistryPlane
from localcloud.runcommand.plane import RunCommandPlane

PLANES: tuple[type[Plane], ...] = (Ec2Plane, BalancerPlane, RegistryPlane, RunCommandPlane)
