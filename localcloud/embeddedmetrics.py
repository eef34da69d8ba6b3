"""Metrics out of log lines: CloudWatch's embedded metric format, which moto stores as text only.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogsBackend

type Method = Callable[..., Any]


def extracting(original: Method) -> Method:
    """PutLogEvents that also puts the metrics which the events carry."""

    def put_log_events(
        self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> Any:
        answer = original(self, log_group_name, log_stream_name, log_events)
        backend = cloudwatch_backends[self.account_id][self.region_name]
        for event in log_events:
            for namespace, data in metrics_in(event["message"]):
                backend.put_metric_data(namespace, data)
        return answer

    return put_log_events


def metrics_in(message: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each namespace of an event with the data for it; nothing where the event is not of the format."""
    try:
        event = json.loads(message)
        head = event["_aws"]
        stamp = datetime.fromtimestamp(head["Timestamp"] / 1000, UTC).replace(tzinfo=None)
        for directive in head["CloudWatchMetrics"]:
            data = [
                datum | {"Timestamp": stamp, "Dimensions": dimensions}
                for dimensions in _dimension_sets(event, directive)
                for datum in _data(event, directive["Metrics"])
            ]
            if data:
                yield str(directive["Namespace"]), data
    except (ValueError, KeyError, TypeError):
        return


def _dimension_sets(event: Mapping[str, Any], directive: Mapping[str, Any]) -> Iterator[list[dict[str, str]]]:
    """The dimensions of each set; a set of which the event lacks a value is left out."""
    for names in directive.get("Dimensions") or [[]]:
        if all(name in event for name in names):
            yield [{"Name": name, "Value": str(event[name])} for name in names]


def _data(event: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for metric in metrics:
        found = event.get(metric["Name"])
        for value in found if isinstance(found, list) else [found]:
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield {"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"), "Value": value}
