"""What the engine writes for CloudWatch."""

from __future__ import annotations

import json
import threading

from inference.engines.llamacpp.airlift_engine.metrics import line, publish, read
from inference.engines.llamacpp.airlift_engine.settings import parse

TEXT = (
    "# TYPE llamacpp:prompt_tokens_total counter\nllamacpp:prompt_tokens_total {prompt}\n"
    "llamacpp:tokens_predicted_total {made}\nllamacpp:requests_processing 1\nllamacpp:requests_deferred 2\n"
    "llamacpp:n_busy_slots_per_decode 1.5\n"
)
SETTINGS = parse(
    {
        "AIRLIFT_MODEL_NAME": "smollm2",
        "AIRLIFT_ENGINE_SETTINGS": '{"metrics_seconds": 1}',
        "AIRLIFT_METRICS_NAMESPACE": "Airlift/demo",
    }
)


class Server:
    """Made ten more tokens at every look."""

    def __init__(self) -> None:
        self.looks = 0

    def handle_metrics(self) -> bytes:
        self.looks += 1
        return TEXT.format(prompt=1e3, made=self.looks * 10).encode()


def test_a_line_declares_every_figure_it_holds() -> None:
    before, now = (read(TEXT.format(prompt=5, made=made)) for made in (10, 52))
    event = line(before, now, SETTINGS, 1_700_000_000.25)
    head = event["_aws"]
    assert isinstance(head, dict)
    assert head["Timestamp"] == 1_700_000_000_250
    (directive,) = head["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Airlift/demo", [["Model"]])
    declared = {metric["Name"]: event[metric["Name"]] for metric in directive["Metrics"]}
    assert declared == {
        "RequestsProcessing": 1.0,
        "RequestsWaiting": 2.0,
        "PromptTokens": 0.0,
        "GeneratedTokens": 42.0,
    }
    assert event["Model"] == "smollm2"


def test_a_counter_that_began_anew_is_not_negative() -> None:
    event = line(read(TEXT.format(prompt=9, made=9)), read(TEXT.format(prompt=0, made=0)), SETTINGS, 0)
    assert event["GeneratedTokens"] == 0.0


def test_the_last_line_comes_when_the_engine_stops() -> None:
    written: list[str] = []
    stop = threading.Event()
    stop.set()
    publish(Server(), SETTINGS, stop, written.append)
    (event,) = map(json.loads, written)
    assert event["GeneratedTokens"] == 10.0


def test_without_a_namespace_there_is_none() -> None:
    assert parse({"AIRLIFT_MODEL_NAME": "m"}).metrics_namespace == ""
    given = {"AIRLIFT_MODEL_NAME": "m", "AIRLIFT_METRICS_NAMESPACE": "Airlift/demo"}
    assert parse(given).metrics_namespace == "Airlift/demo"
