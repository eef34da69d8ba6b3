"""What is read of AWS's answer, and what is not."""

from __future__ import annotations

from typing import Any, cast

import botocore.session
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.inventory import hosts, source
from botocore.awsrequest import AWSResponse

INSTANCE = """<item><instanceId>i-1</instanceId><launchTime>2026-01-01T00:00:00.000Z</launchTime>
<instanceType>m7i.large</instanceType><instanceState><code>16</code><name>running</name></instanceState>
<placement><availabilityZone>us-east-1a</availabilityZone></placement>
<privateIpAddress>10.0.1.4</privateIpAddress>
<groupSet><item><groupId>sg-1</groupId><groupName>x</groupName></item></groupSet>
<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName></item></blockDeviceMapping>
<tagSet><item><key>airlift:stack</key><value>demo</value></item>
<item><key>airlift:key</key><value>compute/host/1</value></item>
<item><key>airlift:role</key><value>inference</value></item>
<item><key>odd</key><value>&lt;groupSet&gt;&lt;/groupSet&gt; stays</value></item></tagSet>
<networkInterfaceSet><item><privateIpAddress>10.9.9.9</privateIpAddress>
<groupSet><item><groupId>sg-1</groupId></item></groupSet>
<tagSet><item><key>airlift:key</key><value>not/this</value></item></tagSet></item></networkInterfaceSet>
</item>"""
ANSWER = f"""<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>
<item><ownerId>123456789012</ownerId><groupSet/><instancesSet>{INSTANCE}{INSTANCE.replace("i-1<", "i-2<")}
</instancesSet></item></reservationSet></DescribeInstancesResponse>"""


class Raw:
    def stream(self, **_: object) -> Any:
        yield ANSWER.encode()


@pytest.fixture
def ec2() -> Any:
    """A client that is always answered the same."""
    client = botocore.session.Session().create_client(
        "ec2", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.meta.events.register(
        "before-send.ec2.*", lambda **_: AWSResponse("https://ec2", 200, {}, cast("Any", Raw()))
    )
    return client


def test_what_hosts_are_made_of_is_read_whole_although_the_rest_is_not(ec2: Any) -> None:
    one, two = source.stack_instances(ec2, "demo")
    (whole, _) = hosts.instances(ec2.describe_instances()["Reservations"])
    assert one == whole
    assert one == hosts.Instance(
        id="i-1",
        key="compute/host/1",
        role="inference",
        state="running",
        zone="us-east-1a",
        type="m7i.large",
        private_address="10.0.1.4",
        account_id="123456789012",
        tags={
            "airlift:stack": "demo",
            "airlift:key": "compute/host/1",
            "airlift:role": "inference",
            "odd": "<groupSet></groupSet> stays",
        },
    )
    assert two.id == "i-2"


def test_who_uses_the_client_afterwards_is_told_all(ec2: Any) -> None:
    source.stack_instances(ec2, "demo")
    (reservation,) = ec2.describe_instances()["Reservations"]
    assert reservation["Instances"][0]["NetworkInterfaces"]


def test_an_error_of_aws_is_read_as_it_is() -> None:
    response = {"status_code": 400, "body": b"<groupSet>x</groupSet>"}
    source.shorten(response)
    assert response["body"] == b"<groupSet>x</groupSet>"
