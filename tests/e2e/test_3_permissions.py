"""What the hosts asked of AWS, under their own role."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.e2e.conftest import AWS
from tests.host_calls import CALLS, UNRECORDED

SEEN = {
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "xray:PutTraceSegments",
}
"""What every run makes hosts ask."""


@pytest.mark.usefixtures("up")
def test_hosts_ask_for_what_their_policy_was_tested_with() -> None:
    with urllib.request.urlopen(f"{AWS}/_localcloud/permissions", timeout=10) as answer:
        asked = [one for one in json.load(answer)["permissions"] if ":role/" in one["principal"]]
    assert [one for one in asked if not one["allowed"]] == []
    actions = {one["action"] for one in asked}
    assert sorted(SEEN - actions) == []
    assert sorted(actions - {call.action for call in CALLS} - set(UNRECORDED)) == []
