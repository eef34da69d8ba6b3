"""EC2's data plane."""

from __future__ import annotations

from localcloud.plane import Plane


class Ec2Plane(Plane):
    """Instances as containers."""

    name = "ec2"
