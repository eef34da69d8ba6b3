"""`make down` removes every trace. Looked for here by other means than its own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import BIN, Run, run


def test_down_leaves_nothing(up: Run) -> None:
    listing = {"containers": ("ps", "--all"), "networks": ("network", "ls"), "volumes": ("volume", "ls")}
    result = run("make", "down")
    assert "everything is gone" in result.output
    if run("docker", "info", check=False).returncode == 0:
        for what, command in listing.items():
            left = [
                line
                for line in run("docker", *command).output.splitlines()
                if "localcloud" in line or "airlift" in line
            ]
            assert not left, f"{what} left: {left}"
    assert "localcloud serve" not in run("ps", "axww").output
    hosts = Path("/etc/hosts").read_text()
    assert "airlift.test" not in hosts
    assert "amazonaws.com" not in hosts
    assert "localcloud" not in run("iptables-save", check=False).output
    keys = Path(run(str(BIN / "llm"), "keys", "path").output.strip())
    assert "airlift" not in (json.loads(keys.read_text()) if keys.exists() else {})
    assert not list(Path("/usr/local/share/ca-certificates").glob("*airlift*"))
