"""Who did what to a stack: written down by whatever changed it, and by nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils import audit
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session

from tests.integration.cloud import Cloud, served
from tests.integration.test_stack_task import CONNECTION

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with served(tmp_path) as cloud:
        yield cloud


@pytest.fixture
def session(cloud: Cloud) -> Session:
    given = cloud.options()
    return Session(Connection(**{name: given[name] for name in CONNECTION}))


def runs(session: Session) -> list[tuple[str, str, str]]:
    return [(one.action, one.outcome, one.what) for one in audit.recent(session, "demo", 10)]


def keys(cloud: Cloud, **options: Any) -> str:
    """Run the module api_keys as a playbook does, and return what it says."""
    given = {name: cloud.options()[name] for name in CONNECTION}
    arguments = json.dumps({"stack": "demo", **given, **options})
    module = "airlift.stack.api_keys"
    ansible = Path(sys.executable).with_name("ansible")
    done = subprocess.run(
        [ansible, "localhost", "-i", "inventory/local/hosts.yml", "-m", module, "-a", arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_every_change_is_written_down_and_nothing_else(cloud: Cloud, session: Session) -> None:
    assert runs(session) == [], "without a bucket there is nothing"
    cloud.client("logs").create_log_group(logGroupName="/demo/edge")
    cloud.provision(check=True)
    assert cloud.provision()["failed"], "that log group is somebody else's"
    assert runs(session) == [("provision", "failed", "40 to create; 1 not done")]
    cloud.client("logs").delete_log_group(logGroupName="/demo/edge")
    cloud.provision()
    cloud.provision()
    keys(cloud)
    keys(cloud, rotate=True, grace_hours=0)
    keys(cloud, client="alice")
    cloud.provision(state="absent")
    destroyed, invited, rotated, provisioned, _failed = runs(session)
    assert destroyed[:2] == ("destroy", "done"), "the bucket is kept, and the audit with it"
    assert invited == ("invite", "done", "gave the API key of alice")
    assert rotated[:2] == ("rotate", "done")
    assert re.fullmatch(r"added the API key \S+, dropped default", rotated[2])
    assert provisioned == ("provision", "done", "1 to create")
    entries = audit.recent(session, "demo", 10)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entries[0].at)
    assert entries[0].principal.startswith("arn:aws:")
    assert re.fullmatch(r"[^@]+@[^@]+", entries[0].where)
    secret = cloud.client("secretsmanager").get_secret_value(SecretId="demo/api-keys")["SecretString"]
    assert all(key["key"] not in str(entries) for key in json.loads(secret)["keys"])


def test_what_cannot_be_written_down_is_a_warning(cloud: Cloud, session: Session) -> None:
    secret = json.dumps({"keys": [{"id": "default", "key": "al-the-key-that-clients-have-now"}]})
    cloud.client("secretsmanager").create_secret(Name="demo/api-keys", SecretString=secret)
    assert "There is no bucket of stack demo to write down in that this was a rotate." in keys(
        cloud, rotate=True
    )
