"""The variables an owner may set, in one place: preflight refuses any other airlift_ name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

PREFIX = "airlift_"

LAYERS = (
    "network",
    "identity",
    "storage",
    "registry",
    "secrets",
    "compute",
    "ingress",
    "observability",
    "delivery",
)

KNOWN: Mapping[str, str] = {
    "airlift_stack_name": "the stack's name",
    "airlift_region": "the AWS region",
    "airlift_profile": "a profile of the AWS configuration files",
    "airlift_endpoint_url": "an endpoint in place of AWS",
    "airlift_access_key": "an access key id, where the usual chain of credentials is not wanted",
    "airlift_secret_key": "its secret",
    "airlift_session_token": "its session token",
    "airlift_access": "how Ansible reaches hosts, ssh or ssm; airlift_compute.access if unset",
    "airlift_user": "the user to log in as",
    "airlift_tags": "tags for every resource",
    **{f"airlift_{layer}": f"options of the layer {layer} of airlift.stack.aws_stack" for layer in LAYERS},
    "airlift_model": "the model: name, source",
    "airlift_engine": "the engine: name, settings",
    "airlift_image_base": "the image that the engine's image starts from",
    "airlift_ca_file": "the authority that clients trust for the domain, where it is no public one",
    "airlift_state_directory": "where this checkout keeps keys, certificates and models",
    "airlift_embedded_aws": "start the embedded AWS where nothing answers at the endpoint",
    "airlift_generate_ssh_key": "make an SSH key in airlift_state_directory",
    "airlift_generate_certificate": "make a certificate authority and a certificate for the domain",
    "airlift_domain_in_hosts_file": "name the load balancer's address in this machine's /etc/hosts",
    "airlift_key_grace_hours": "how long a replaced API key stays valid, for rotate.yml",
    "airlift_replace_hosts": "provision.yml may replace all hosts at once",
    "airlift_destroy_confirm": "answers destroy.yml's question",
    "airlift_destroy_data": "destroy.yml deletes data too",
}


def misspelt(names: Iterable[str]) -> list[str]:
    """Return one sentence for each of ``names`` that begins with ``airlift_`` and is not known."""
    sentences = []
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in KNOWN:
            sentences.append(f"There is no variable {name}.{did_you_mean(name, KNOWN)}")
    return sentences


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" with the one of ``known`` that is close to ``name``; nothing if none is."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""
