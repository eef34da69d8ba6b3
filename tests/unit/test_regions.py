"""Regions: which names are taken, and what is said where the account has not enabled one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore.session
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import common_faults
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError

_CORE = botocore.session.Session()
REGIONS = [
    region
    for partition in _CORE.get_available_partitions()
    for region in _CORE.get_available_regions("ec2", partition)
]


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_of_aws_is_one(region: str) -> None:
    assert common_faults({"region": region}) == []


def test_the_sovereign_ones_are_among_them() -> None:
    assert {"eusc-de-east-1", "us-gov-west-1", "cn-north-1"} <= set(REGIONS)


@pytest.mark.parametrize("region", ["us-east-1a", "Frankfurt", "eu", "us-east", "local"])
def test_what_is_no_region_is_refused(region: str) -> None:
    assert len(common_faults({"region": region})) == 1


KNOWN = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn>"
    "<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
UNKNOWN = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
    "<Message>The security token included in the request is invalid</Message></Error></ErrorResponse>"
)


class Sts(BaseHTTPRequestHandler):
    """Knows the key RIGHT, and that only in regions that the account has enabled."""

    enabled = ("us-east-1", "eu-central-1")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        signed = re.search(r"Credential=(\w+)/\d+/([\w-]+)/", self.headers["Authorization"])
        assert signed is not None
        known = signed[1] == "RIGHT" and signed[2] in self.enabled
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write((KNOWN if known else UNKNOWN).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Sts)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("key", "region", "said"),
    [
        ("RIGHT", "eu-central-1", None),
        ("RIGHT", "af-south-1", "The region af-south-1 is not enabled for the account 123456789012."),
        ("WRONG", "af-south-1", "AWS does not know this access key."),
        ("WRONG", "us-east-1", "AWS does not know this access key."),
        ("RIGHT", "cn-north-1", "AWS does not know this access key."),
    ],
)
def test_a_region_that_is_not_enabled_is_no_wrong_key(
    sts: str, key: str, region: str, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = Session(Connection(region=region, endpoint_url=sts, access_key=key, secret_key="x"))
    if said is None:
        assert session.verify_access().account_id == "123456789012"
    else:
        with pytest.raises(AirliftError, match=re.escape(said)):
            session.verify_access()
