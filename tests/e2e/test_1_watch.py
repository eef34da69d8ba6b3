"""What an owner sees of a stack that is up: logs, metrics, traces, where CloudWatch and X-Ray have them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from openai import NotFoundError, OpenAI

from tests.e2e.conftest import AWS, ENDPOINT, MODEL

SECONDS = 150
"""The engine writes its figures once a minute."""
NAMESPACE = "Airlift/airlift"
FOREIGN_PARENT = "53995c3f42cd8ad8"


def aws(service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # a name only known at run time
        endpoint_url=AWS,
        region_name="us-east-1",
        aws_access_key_id="LKIALOCALCLOUDEXAMPLE",
        aws_secret_access_key="localcloud-secret-access-key-that-opens-nothing",
    )


def eventually[T](look: Callable[[], T], what: str) -> T:
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(1)
    return found


def new_trace() -> str:
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


@pytest.fixture
def client(api_key: str, monkeypatch: pytest.MonkeyPatch) -> OpenAI:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return OpenAI(base_url=ENDPOINT, api_key=api_key, max_retries=0, timeout=120)


def ask(client: OpenAI, header: str, model: str = MODEL) -> None:
    client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Name a colour."}],
        max_tokens=8,
        extra_headers={"X-Amzn-Trace-Id": header},
    )


def segments(*traces: str) -> dict[str, dict[str, Any]]:
    """The segments of these traces that X-Ray has, by trace."""
    found = aws("xray").batch_get_traces(TraceIds=list(traces))["Traces"]
    return {trace["Id"]: json.loads(trace["Segments"][0]["Document"]) for trace in found if trace["Segments"]}


def test_a_trace_is_followed_from_the_load_balancer_to_x_ray(client: OpenAI) -> None:
    trace, unsampled = new_trace(), new_trace()
    ask(client, f"Root={unsampled};Sampled=0")
    began = time.time()
    ask(client, f"Root={trace};Parent={FOREIGN_PARENT};Sampled=1")
    took = time.time() - began
    found = eventually(lambda: segments(trace, unsampled).get(trace), "the trace in X-Ray")
    assert (found["name"], found["parent_id"]) == ("airlift-edge", FOREIGN_PARENT)
    assert found["http"]["response"]["status"] == 200
    assert found["annotations"]["model"] == MODEL
    assert began - 1 <= found["start_time"] <= found["end_time"] <= began + took + 10
    (engine,) = found["subsegments"]
    assert engine["name"] == "airlift-engine"
    assert 0 < engine["end_time"] - engine["start_time"] <= took
    assert unsampled not in segments(trace, unsampled)


def test_a_refused_request_is_an_error_that_no_engine_saw(client: OpenAI) -> None:
    trace = new_trace()
    with pytest.raises(NotFoundError):
        ask(client, f"Root={trace};Sampled=1", model="no-such-model")
    found = eventually(lambda: segments(trace).get(trace), "the refused request in X-Ray")
    assert found["error"] is True
    assert "subsegments" not in found


def test_the_engines_log_and_the_metrics_in_it_are_in_cloudwatch(client: OpenAI) -> None:
    ask(client, f"Root={new_trace()};Sampled=0")
    logs = aws("logs")
    lines = eventually(
        lambda: logs.filter_log_events(logGroupName="/airlift/inference", filterPattern="ready")["events"],
        "the engine's first line in CloudWatch Logs",
    )
    assert any(MODEL in line["message"] for line in lines)
    query = {
        "Id": "tokens",
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": "GeneratedTokens",
                "Dimensions": [{"Name": "Model", "Value": MODEL}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }

    def tokens() -> float:
        now = datetime.now(UTC)
        (found,) = aws("cloudwatch").get_metric_data(
            MetricDataQueries=[query],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
        )["MetricDataResults"]
        return float(sum(found["Values"]))

    assert eventually(lambda: tokens() >= 8, "tokens in CloudWatch's metrics")
