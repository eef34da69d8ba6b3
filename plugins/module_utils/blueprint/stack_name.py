"""What a stack may be called: every name that AWS or Ansible would refuse later is refused here."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
_TAKEN = re.compile(r"aws|ssm|internal-|sg-|sg$|sthree-|amzn-s3-demo-|xn--|hosts$")
"""Parameters may not begin with aws or ssm, security groups with sg-, load balancers with internal-, buckets
with sthree-, amzn-s3-demo- or xn--; and the inventory's group of all hosts is ``airlift_hosts``."""


def stack_name_faults(name: object, option: str = "name") -> list[str]:
    """Return the sentence about a ``name`` that no stack can have; ``option`` is where the owner set it.

    It is part of the names of bucket, load balancer, role and parameters, and of a group in the inventory.
    """
    if isinstance(name, str) and _NAME.fullmatch(name) and not _TAKEN.match(name):
        return []
    return [
        f"{option} is {name!r}; it must have 2 to 20 lower-case letters, digits and hyphens, a letter first "
        "and no hyphen last. 'hosts' and names that begin with aws, ssm, sg-, internal-, sthree-, "
        "amzn-s3-demo- or xn-- are taken."
    ]
