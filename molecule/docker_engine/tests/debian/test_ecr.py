"""The login of ECR's registries."""

from __future__ import annotations

import json

from testinfra.host import Host

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_the_helper_serves_the_registry_and_other_logins_stay(host: Host) -> None:
    file = host.file("/root/.docker/config.json")
    assert json.loads(file.content_string) == {
        "auths": {"registry.lab.invalid": {"auth": "bGFiOmxhYg=="}},
        "credHelpers": {REGISTRY: "ecr-login"},
    }
    assert file.mode == 0o600


def test_docker_asks_the_helper(host: Host) -> None:
    """Without AWS there is no login: what counts is that Docker asked, which the helper's log shows."""
    host.check_output("rm -rf /root/.ecr")
    pull = host.run(
        f"AWS_EC2_METADATA_DISABLED=true timeout 60 docker pull {REGISTRY}/airlift@sha256:{'0' * 64}"
    )
    assert pull.rc != 0
    assert "credentials" in host.file("/root/.ecr/log/ecr-login.log").content_string.lower()


def test_no_token_is_stored(host: Host) -> None:
    found = host.check_output("grep -c AWS: /root/.docker/config.json; true")
    assert found == "0"
