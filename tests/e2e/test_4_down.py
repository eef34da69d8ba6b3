"""`make down` removes every trace. Looked for here by other means than its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import AWS, BIN, ENDPOINT, MODEL, ROOT, Run, run


def llm_keys() -> dict[str, str]:
    """Return what `llm` has in its file of keys."""
    keys = Path(run(str(BIN / "llm"), "keys", "path").output.strip())
    return json.loads(keys.read_text()) if keys.exists() else {}


def assert_disconnected() -> None:
    assert "airlift.test" not in Path("/etc/hosts").read_text()
    assert "airlift" not in llm_keys()
    assert not list(Path("/usr/local/share/ca-certificates").glob("*airlift*"))


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
    assert "amazonaws.com" not in Path("/etc/hosts").read_text()
    assert "localcloud" not in run("iptables-save", check=False).output
    assert_disconnected()


@pytest.mark.usefixtures("up")
def test_down_removes_the_rest_when_the_embedded_aws_is_gone() -> None:
    """As after a reboot: of the stack there is only what the CLI on this machine was told."""
    connected = {
        "cli_client_llm_command": str(BIN / "llm"),
        "cli_client_endpoint_url": ENDPOINT,
        "cli_client_model_name": MODEL,
        "cli_client_api_key": "al-of-a-stack-that-is-gone",
        "cli_client_ca_certificate": str(ROOT / ".airlift/pki/ca.pem"),
        "cli_client_resolve_address": "127.67.0.10",
    }
    role = ("-m", "ansible.builtin.include_role", "-a", "name=cli_client")
    run(str(BIN / "ansible"), "localhost", *role, "-e", json.dumps(connected))
    assert llm_keys()["airlift"] == connected["cli_client_api_key"]
    pins = ROOT / ".airlift/known_hosts"
    with pins.open("a") as lines:
        lines.write(f"i-0123456789abcdef0 ssh-ed25519 AAAA airlift:airlift:us-east-1:{AWS}\n")
    result = run("make", "down")
    assert AWS not in pins.read_text()
    assert "the embedded AWS does not answer" in result.output
    assert "everything is gone" in result.output
    assert "fatal" not in result.output
    assert_disconnected()
