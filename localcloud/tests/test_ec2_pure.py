"""Decisions of the EC2 plane and texts of the metadata service, without Docker."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from localcloud.backends import STATE_CODES, InstanceView, MetadataOptions
from localcloud.ec2.decide import Found, Step, decide
from localcloud.ec2.firewall import Chains, rules
from localcloud.ec2.machine import plan_machine
from localcloud.ec2.network import describe
from localcloud.metadata.tokens import Tokens
from localcloud.metadata.tree import Identity, look_up, tree
from localcloud.plane import Guest
from localcloud.settings import Settings

VIEW = InstanceView(
    id="i-0123456789abcdef0",
    region="us-east-1",
    state="running",
    image_id="ami-1",
    instance_type="t3.small",
    zone="us-east-1a",
    vpc_id="vpc-0123456789abcdef0",
    subnet_id="subnet-1",
    private_ip="10.9.0.4",
    private_dns_name="ip-10-9-0-4.ec2.internal",
    public_ip=None,
    mac="02:00:00:00:00:01",
    interface_id="eni-1",
    key_name="mine",
    user_data=None,
    launch_time=datetime(2026, 1, 2, tzinfo=UTC),
    launch_index=0,
    reservation_id="r-1",
    lifecycle="on-demand",
    terminate_on_shutdown=False,
    profile_arn=None,
    security_groups=(("sg-1", "hosts"),),
    metadata=MetadataOptions(),
)
IDENTITY = Identity(
    view=VIEW, vpc_cidr="10.9.0.0/16", subnet_cidr="10.9.0.0/24", public_key="ssh-ed25519 AAAA"
)
NETWORK = describe(VIEW.vpc_id, "10.9.0.0/16")


@pytest.mark.parametrize(
    ("state", "found", "step"),
    [
        ("pending", Found.NONE, Step.CREATE),
        ("pending", Found.EXITED, Step.START),
        ("pending", Found.RUNNING, Step.WATCH),
        ("running", Found.RUNNING, Step.NOTHING),
        ("running", Found.EXITED, Step.BURY),
        ("stopping", Found.RUNNING, Step.STOP),
        ("stopping", Found.EXITED, Step.STOPPED),
        ("stopped", Found.EXITED, Step.NOTHING),
        ("stopped", Found.NONE, Step.NOTHING),
        ("shutting-down", Found.RUNNING, Step.REMOVE),
        ("shutting-down", Found.NONE, Step.TERMINATED),
        ("terminated", Found.EXITED, Step.REMOVE),
        ("terminated", Found.NONE, Step.NOTHING),
    ],
)
def test_the_next_step(state: str, found: Found, step: Step) -> None:
    assert decide(state, found, booting=False) is step


def test_a_container_that_ends_while_booting_is_not_started_for_ever() -> None:
    assert decide("pending", Found.EXITED, booting=True) is Step.FAIL


def test_every_state_comes_to_rest() -> None:
    """Following the steps from anywhere ends where nothing is left to do."""
    effects = {
        Step.CREATE: (None, Found.RUNNING),
        Step.START: (None, Found.RUNNING),
        Step.WATCH: ("running", None),
        Step.FAIL: ("stopped", None),
        Step.BURY: ("stopped", None),
        Step.STOP: (None, Found.EXITED),
        Step.STOPPED: ("stopped", None),
        Step.REMOVE: (None, Found.NONE),
        Step.TERMINATED: ("terminated", None),
    }
    for state, found in itertools.product(STATE_CODES, Found):
        at: tuple[str, Found] = (state, found)
        for _ in range(5):
            step = decide(*at, booting=False)
            if step is Step.NOTHING:
                break
            new_state, new_found = effects[step]
            at = (new_state or at[0], new_found or at[1])
        else:
            pytest.fail(f"{state} with {found} never rests")


def test_metadata_is_reached_on_each_bridge_and_only_the_shut_in_are_rejected() -> None:
    text = rules(Chains("lc"), [NETWORK], 4567, ["10.9.0.4"])
    assert (
        f"-A LC-METADATA -i {NETWORK.bridge} -d 169.254.169.254/32 -p tcp -m tcp --dport 80"
        " -j DNAT --to-destination 10.9.0.1:4567" in text
    )
    assert f"-A LC-EGRESS -i {NETWORK.bridge} ! -o {NETWORK.bridge} -s 10.9.0.4/32 -j REJECT" in text
    assert "-s 10.9.0.5/32" not in text
    assert text.count("COMMIT") == 2
    lines = text.splitlines()
    resolver = next(i for i, line in enumerate(lines) if "--dport 53 -j RETURN" in line)
    assert resolver < next(i for i, line in enumerate(lines) if "REJECT" in line)


def test_a_bridge_name_fits_the_kernel() -> None:
    assert len(NETWORK.bridge) <= 15


def test_an_instance_is_told_where_aws_is_and_whom_to_trust() -> None:
    guest = Guest(hosts={"registry.example": "10.9.0.1"}, certificates={"ca": "PEM"})
    machine = plan_machine(Settings(), VIEW, "image", NETWORK, [guest])
    assert (machine.hostname, machine.domain) == ("ip-10-9-0-4", "ec2.internal")
    assert machine.address == "10.9.0.4"
    assert machine.hosts == {"registry.example": "10.9.0.1"}
    assert machine.files["usr/local/share/ca-certificates/ca.crt"] == "PEM"
    assert "AWS_ENDPOINT_URL=http://10.9.0.1:4566\n" in machine.files["etc/environment"]
    assert (
        "AWS_ENDPOINT_URL=http://10.9.0.1:4566"
        in machine.files["etc/systemd/system.conf.d/50-localcloud.conf"]
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("meta-data/instance-id", VIEW.id),
        ("meta-data/local-ipv4", "10.9.0.4"),
        ("meta-data/placement", "availability-zone\nregion"),
        ("meta-data/placement/", "availability-zone\nregion"),
        ("meta-data/public-keys/", "0=mine"),
        ("meta-data/public-keys/0", "openssh-key"),
        ("meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA"),
        ("meta-data/network/interfaces/macs", f"{VIEW.mac}/"),
        (f"meta-data/network/interfaces/macs/{VIEW.mac}/subnet-ipv4-cidr-block", "10.9.0.0/24"),
        ("", "dynamic/\nmeta-data/"),
        ("meta-data/spot/instance-action", None),
        ("meta-data/tags/instance/Name", None),
        ("meta-data/public-ipv4", None),
        ("meta-data/no-such-thing", None),
    ],
)
def test_metadata_paths(path: str, text: str | None) -> None:
    assert look_up(tree(IDENTITY), path, VIEW.key_name) == text


def test_tags_only_where_they_are_enabled() -> None:
    enabled = replace(VIEW, metadata=MetadataOptions(tags=True))
    identity = replace(IDENTITY, view=enabled, tags={"Name": "one"})
    assert look_up(tree(identity), "meta-data/tags/instance/Name", None) == "one"


def test_a_token_is_good_for_its_instance_and_its_time() -> None:
    now = 1000.0
    tokens = Tokens(lambda: now)
    token = tokens.issue("i-1", 60)
    assert tokens.valid("i-1", token)
    assert not tokens.valid("i-2", token)
    assert not tokens.valid("i-1", token[:-4] + "AAAA")
    assert not tokens.valid("i-1", "nonsense")
    assert not Tokens(lambda: now).valid("i-1", token)
    now = 1060.0
    assert not tokens.valid("i-1", token)


@pytest.mark.parametrize("seconds", [0, -1, 21601])
def test_a_token_lives_at_most_six_hours(seconds: int) -> None:
    with pytest.raises(ValueError, match="21600"):
        Tokens().issue("i-1", seconds)
