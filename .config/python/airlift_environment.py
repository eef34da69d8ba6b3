"""What every program of .venv needs of its environment, whoever starts it and from wherever.

`scripts/setup` puts it into .venv, whose Python runs it at each start: it has to be light.
"""

import os
import sys
from collections.abc import MutableMapping

DIRECT = ("localhost", "127.0.0.1", "::1", ".test")
"""What no proxy finds: the embedded AWS on this machine, and domains that only /etc/hosts knows."""


def settle(environment: MutableMapping[str, str], root: str) -> None:
    """Have Ansible read the checkout's configuration, and nobody ask a proxy for what is on this machine."""
    environment.setdefault("ANSIBLE_CONFIG", os.path.join(root, "ansible.cfg"))  # noqa: PTH118 - pathlib is slow to load
    given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    listed = [name.strip() for name in given.split(",") if name.strip()]
    if "*" not in listed:
        listed += [name for name in DIRECT if name not in listed]
    environment["no_proxy"] = environment["NO_PROXY"] = ",".join(listed)


settle(os.environ, os.path.dirname(sys.prefix))  # noqa: PTH120
