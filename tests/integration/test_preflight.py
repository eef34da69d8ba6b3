"""What an owner got wrong is one clear error of preflight, before anything changes."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud import Cloud, served
from tests.integration.counting_moto import CountingMoto, counting_moto

ROOT = Path(__file__).parents[2]
INGRESS = {"domain": "a.test", "certificate_file": "a.pem", "private_key_file": "a.key"}


@pytest.fixture
def moto() -> Iterator[CountingMoto]:
    with counting_moto() as server:
        yield server


def preflight(
    moto: CountingMoto | Cloud, directory: Path, **variables: object
) -> subprocess.CompletedProcess[str]:
    return playbook("preflight", moto, directory, **variables)


def playbook(
    name: str, moto: CountingMoto | Cloud, directory: Path, **variables: object
) -> subprocess.CompletedProcess[str]:
    settings = {"airlift_state_directory": str(directory), "airlift_embedded_aws": False, **variables}
    return subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            f"playbooks/{name}.yml",
            "-e",
            json.dumps(settings),
        ],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": moto.url, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        text=True,
        capture_output=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"airlift_compte": {}}, ["There is no variable airlift_compte. Did you mean airlift_compute?"]),
        ({"airlift_access": "telnet"}, ["telnet"]),
        ({"airlift_stack_name": "demo-"}, ["airlift_stack_name is 'demo-'; it must have 2 to 20"]),
        (
            {"airlift_clis": ["codx"], "airlift_tags": {"a": "<x>", "b": "☃"}},
            ["airlift_clis has 'codx'; it may hold llm, codex,", "tags.a is '<x>' with < >;"],
        ),
        (
            {"airlift_ingress": {**INGRESS, "idle_timeout_seconds": 5000}},
            ["airlift_ingress.idle_timeout_seconds is 5000; it must be between 120 and 4000."],
        ),
        ({"airlift_engine": {"settings": 3}}, ["airlift_engine needs a name and settings"]),
        ({"airlift_engine": {"name": "vllm"}}, ["There is no engine vllm. There is: llamacpp."]),
        (
            {"airlift_engine": {"settings": {"thread": 1, "slots": 0}}},
            ["has no setting thread. Did you mean threads? airlift_engine.settings.slots must be a whole"],
        ),
        ({"airlift_model": {"source": "file:/no/such/model"}}, ["/no/such/model"]),
        ({"airlift_model": {"name": "org/a/b"}}, ["The model name 'org/a/b' cannot be used. Use letters"]),
        (
            {"airlift_model": {"source": f"file:{ROOT}/docs"}},
            ["llamacpp cannot load the model file:docs: it loads"],
        ),
    ],
    ids=[
        "misspelt",
        "access",
        "name",
        "clis and tags",
        "idle timeout",
        "engine",
        "engine's name",
        "engine's settings",
        "model",
        "model name",
        "model format",
    ],
)
def test_a_mistake_is_one_error_before_anything_changes(
    moto: CountingMoto, tmp_path: Path, variables: dict[str, object], says: list[str]
) -> None:
    done = preflight(moto, tmp_path, **variables)
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    for sentence in says:
        assert sentence in said
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"airlift_ingres": {}}, "There is no variable airlift_ingres. Did you mean airlift_ingress?"),
        ({}, "There is no SSH key in"),
    ],
    ids=["misspelt", "before preflight"],
)
def test_provision_by_itself_begins_nothing_before_that_is_mended(
    moto: CountingMoto, tmp_path: Path, variables: dict[str, object], says: str
) -> None:
    done = playbook("provision", moto, tmp_path, **variables)
    assert done.returncode != 0
    assert says in " ".join((done.stdout + done.stderr).split())
    assert set(moto.asked) <= {"DescribeInstances"}, "the inventory alone has asked"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        (
            {"airlift_compute": {"cuont": 3, "access": "ssm"}, "airlift_network": {"zoness": 2}},
            [
                "Unknown option compute.cuont. Did you mean compute.count?",
                "Unknown option network.zoness. Did you mean network.zones?",
            ],
        ),
        ({"airlift_compute": 3}, ["compute must be a mapping of options."]),
        ({"airlift_compute": [3]}, ["compute must be a mapping of options."]),
    ],
    ids=["misspelt", "number", "list"],
)
def test_a_wrong_option_is_a_sentence_before_aws_is_asked(
    moto: CountingMoto, tmp_path: Path, variables: dict[str, object], says: list[str]
) -> None:
    settings = {"airlift_generate_ssh_key": False, "airlift_ingress": None, **variables}
    done = playbook("provision", moto, tmp_path, **settings)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    for sentence in says:
        assert sentence in said
    assert "Traceback" not in said
    assert set(moto.asked) <= {"DescribeInstances"}, "the inventory alone has asked"


def test_keys_and_certificates_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    # No CLI to start and no model to look for far away: the end-to-end tests have both.
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1))
    state = tmp_path / "state"
    more = {"airlift_clis": [], "airlift_model": {"name": "small", "source": f"file:{tmp_path}/model.gguf"}}
    with served(tmp_path) as cloud:
        first = preflight(cloud, state, **more)
        assert first.returncode == 0, first.stdout + first.stderr
        made = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
        again = preflight(cloud, state, **more)
        cloud.forget_requests()
        beyond = preflight(cloud, state, airlift_budget_monthly_usd=10, **more)
        assert cloud.requests()["mutating"] == 0
    assert "the budget is 10 (most: EC2 m7i.large" in " ".join(beyond.stdout.split())
    assert beyond.returncode != 0
    private = [file for file in made if file.suffix == ".key" or file.name == "id_ed25519"]
    assert len(private) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)
    assert "changed=0" in again.stdout
    assert {file: file.read_bytes() for file in made} == made

    authority, certificate = state / "pki/ca.pem", state / "pki/airlift.test.pem"
    verified = ["openssl", "verify", "-x509_strict", "-CAfile", authority, certificate]
    subprocess.run(verified, check=True, capture_output=True)
    shown = subprocess.run(
        ["openssl", "x509", "-in", authority, "-noout", "-text"], check=True, capture_output=True, text=True
    ).stdout
    assert "Name Constraints: critical" in shown
    assert "DNS:airlift.test" in shown
