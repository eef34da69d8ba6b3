"""Actions, counts, faults and error shapes, without a server."""

from __future__ import annotations

import io
import random

import pytest

from localcloud.actions import Action, action_of
from localcloud.faults import Fault, Faults, parse_fault
from localcloud.replies import aws_error
from localcloud.requestlog import RequestLog
from localcloud.staleness import Answer, Memory


def environ(
    method: str = "POST", path: str = "/", service: str = "", body: str = "", **extra: str
) -> dict[str, object]:
    found: dict[str, object] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(body.encode()),
        "CONTENT_LENGTH": str(len(body)),
        **extra,
    }
    if service:
        scope = (
            f"AWS4-HMAC-SHA256 Credential=KEY/20260102/us-east-1/{service}/aws4_request, SignedHeaders=host"
        )
        found["HTTP_AUTHORIZATION"] = scope
    if body:
        found["CONTENT_TYPE"] = "application/x-www-form-urlencoded; charset=utf-8"
    return found


@pytest.mark.parametrize(
    ("request_environ", "key", "mutating"),
    [
        (environ(service="ec2", body="Action=DescribeVpcs&Version=2016-11-15"), "ec2:DescribeVpcs", False),
        (environ(service="ec2", body="Version=2016-11-15&Action=CreateVpc"), "ec2:CreateVpc", True),
        (
            environ(service="secretsmanager", HTTP_X_AMZ_TARGET="secretsmanager.GetSecretValue"),
            "secretsmanager:GetSecretValue",
            False,
        ),
        (environ(service="ssm", HTTP_X_AMZ_TARGET="AmazonSSM.PutParameter"), "ssm:PutParameter", True),
        (environ("GET", "/", "s3"), "s3:ListBuckets", False),
        (environ("PUT", "/bucket", "s3"), "s3:CreateBucket", True),
        (environ("HEAD", "/bucket", "s3"), "s3:HeadBucket", False),
        (environ("GET", "/bucket", "s3", QUERY_STRING="versioning"), "s3:GetBucketVersioning", False),
        (environ("PUT", "/bucket", "s3", QUERY_STRING="versioning"), "s3:PutBucketVersioning", True),
        (environ("GET", "/bucket", "s3", QUERY_STRING="list-type=2&prefix=a"), "s3:ListObjectsV2", False),
        (environ("PUT", "/bucket/a/b", "s3"), "s3:PutObject", True),
        (environ("PUT", "/bucket/a", "s3", QUERY_STRING="partNumber=1&uploadId=x"), "s3:UploadPart", True),
        (environ("PUT", "/bucket/a", "s3", HTTP_X_AMZ_COPY_SOURCE="b/c"), "s3:CopyObject", True),
        (environ("GET", "/2015-03-31/functions/f", "lambda"), "lambda:GetFunction", False),
        (
            environ("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "monitoring"),
            "monitoring:PutMetricData",
            True,
        ),
    ],
)
def test_the_action_of_a_request(request_environ: dict[str, object], key: str, mutating: bool) -> None:
    action = action_of(request_environ)
    assert (action.key, action.mutating) == (key, mutating)


def test_a_form_body_is_put_back() -> None:
    request = environ(service="ec2", body="Action=CreateVpc&CidrBlock=10.0.0.0/16")
    action_of(request)
    assert request["wsgi.input"].read() == b"Action=CreateVpc&CidrBlock=10.0.0.0/16"  # type: ignore[attr-defined]


def test_counts_by_action_and_source() -> None:
    log = RequestLog()
    log.record("127.0.0.1", Action("ec2", "DescribeVpcs"))
    log.record("127.0.0.1", Action("ec2", "CreateVpc"))
    log.record("10.0.0.4", Action("logs", "PutLogEvents"))
    assert log.summary() == {
        "total": 3,
        "mutating": 2,
        "by_action": {"ec2:DescribeVpcs": 1, "ec2:CreateVpc": 1, "logs:PutLogEvents": 1},
        "by_source": {"127.0.0.1": 2, "10.0.0.4": 1},
    }
    assert log.summary("127.0.0.1")["mutating"] == 1
    log.reset()
    assert log.summary()["total"] == 0


def test_counters_of_faults_go_down() -> None:
    faults = Faults()
    faults.replace([Fault(action="ec2:Create*", throttle_next=1, lose_reply_next=1, latency_ms=50)])
    create = Action("ec2", "CreateVpc")
    assert faults.judge(Action("ec2", "DescribeVpcs")).latency_seconds == 0
    first, second, third = (faults.judge(create) for _ in range(3))
    assert (first.throttle, first.lose_reply, first.latency_seconds) == (True, False, 0.05)
    assert (second.throttle, second.lose_reply) == (False, True)
    assert (third.throttle, third.lose_reply) == (False, False)


def test_throttling_by_chance() -> None:
    faults = Faults(random.Random(1))
    faults.replace([Fault(throttle_probability=0.5)])
    throttled = sum(faults.judge(Action("ec2", "DescribeVpcs")).throttle for _ in range(1000))
    assert 400 < throttled < 600


@pytest.mark.parametrize(
    ("content", "word"),
    [({"latency": 1}, "latency"), ({"latency_ms": "1"}, "latency_ms"), ({"throttle_next": -1}, "negative")],
)
def test_a_fault_that_is_none_is_refused(content: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        parse_fault(content)


@pytest.mark.parametrize(
    ("service", "extra", "piece"),
    [
        ("ec2", {}, b"<Response><Errors><Error><Code>C</Code><Message>a &lt; b</Message>"),
        ("s3", {}, b"<Error><Code>C</Code>"),
        (
            "iam",
            {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
            b"<ErrorResponse><Error><Type>Sender</Type>",
        ),
        ("ssm", {"HTTP_X_AMZ_TARGET": "AmazonSSM.X"}, b'"__type": "C"'),
        ("lambda", {}, b'"message": "a < b"'),
        ("monitoring", {"HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor"}, b"__type"),
    ],
)
def test_errors_in_each_protocol(service: str, extra: dict[str, str], piece: bytes) -> None:
    assert piece in aws_error(environ(**extra), service, 400, "C", "a < b").body


def test_a_stale_read_is_answered_as_it_was() -> None:
    moment = [0.0]
    memory = Memory(clock=lambda: moment[0])

    def asked(at: float, now: str) -> str:
        moment[0] = at
        return memory.as_of(("GET", "/"), Answer(now, [], b""), 5.0).status

    assert [asked(0, "a"), asked(1, "b"), asked(4, "c"), asked(6, "d"), asked(20, "e")] == list("aaabd")
    memory.forget()
    assert asked(21, "f") == "f"


def test_writes_are_never_stale() -> None:
    faults = Faults()
    faults.replace([Fault(stale_seconds=5)])
    assert faults.judge(Action("iam", "ListRoles")).stale_seconds == 5
    assert faults.judge(Action("iam", "CreateRole")).stale_seconds == 0
