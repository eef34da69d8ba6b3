#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Ask the endpoint as a client does, and say what it does wrong."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_check
short_description: Check an OpenAI-compatible endpoint from the outside
version_added: 0.1.0
description:
  - Asks the endpoint over HTTPS, certificate verified, without a key, with a wrong one and with a valid one,
    for unknown things, for a completion and for a streamed one, and fails naming every check that did not
    pass.
  - The key is read from Secrets Manager in this module's process. It is in no argument, result or log.
extends_documentation_fragment: airlift.stack.aws
options:
  url:
    description: The base URL, for example C(https://airlift.test/v1).
    type: str
    required: true
  api_keys_secret:
    description: The name of the secret that holds the API keys. The first one is used.
    type: str
    required: true
  model:
    description: The name of the model that is served.
    type: str
    required: true
  connect_to:
    description: Dial this host name or address in place of the URL's, and still expect the URL's certificate.
    type: str
  ca_file:
    description: The authorities to trust in place of the system's, as a PEM file.
    type: path
  timeout_seconds:
    description: How long one answer may take.
    type: int
    default: 120
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Ask as a client asks
  airlift.stack.endpoint_check:
    url: https://llm.example.com/v1
    api_keys_secret: demo/api-keys
    model: smollm2-135m-instruct
"""

RETURN = r"""
checks:
  description: Every check with C(name), C(passed), C(seen) and C(seconds).
  returned: always
  type: list
  elements: dict
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.delivery import key_ring
from ..module_utils.endpoint.checks import run
from ..module_utils.endpoint.client import Endpoint
from ..module_utils.errors import CheckFailedError
from ..module_utils.module_main import run_module

ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "api_keys_secret": {"type": "str", "required": True, "no_log": False},
    "model": {"type": "str", "required": True},
    "connect_to": {"type": "str"},
    "ca_file": {"type": "path"},
    "timeout_seconds": {"type": "int", "default": 120},
}


def first_key(session: Session, secret: str) -> str:
    """Return the first valid API key of the secret.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    with wording("read", f"secret {secret}", session.region, endpoint_url=session.endpoint_url):
        value = session.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    return key_ring.key_of(value, secret)


def check(module: AnsibleModule) -> dict[str, Any]:
    """Ask the endpoint what a user would ask, and what an intruder would."""
    params = module.params
    key = first_key(Session(connection(params)), params["api_keys_secret"])
    module.no_log_values.add(key)
    ca_file = Path(params["ca_file"]) if params["ca_file"] else None
    endpoint = Endpoint(params["url"], params["connect_to"], ca_file, params["timeout_seconds"])
    checks = list(run(endpoint, key, params["model"]))
    failed = [f"{one.name}: {one.seen}" for one in checks if not one.passed]
    seen = [asdict(one) for one in checks]
    if failed:
        raise CheckFailedError(
            f"Failed to verify endpoint {endpoint.url}: {'; '.join(failed)}.",
            "playbooks/status.yml shows hosts and targets.",
            checks=seen,
        )
    return {"changed": False, "checks": seen}


def main() -> None:
    run_module({**CONNECTION, **ARGUMENTS}, check)


if __name__ == "__main__":
    main()
