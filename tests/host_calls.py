"""What hosts ask of AWS, and what of their policy no run on the embedded AWS can need.

An end-to-end run compares what it has recorded (tests/e2e/test_3_permissions.py). Unseen there are
PutMetricData and PutTelemetryRecords of the CloudWatch agent, as the engine's log carries the metrics;
ListBucket, by which a host sees that an object is missing; BatchCheckLayerAvailability, which AWS's
policies for pulling have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BLOB = "models/blobs/sha256/00"
IMAGE = [{"imageTag": "latest"}]
_ACTIONS = {"ListObjectsV2": "ListBucket"}
"""Operations of S3 whose actions are called otherwise."""

LAYER = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Call:
    """One call, in boto3's words, of a stack named demo; `{bucket}` is the stack's bucket."""

    service: str
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """The IAM action."""
        name = self.operation.title().replace("_", "")
        return f"{self.service}:{_ACTIONS.get(name, name)}"


CALLS = (
    Call("ssm", "get_parameter", {"Name": "/demo/release"}),
    Call("secretsmanager", "get_secret_value", {"SecretId": "demo/api-keys"}),
    Call("ecr", "get_authorization_token"),
    Call(
        "ecr", "batch_check_layer_availability", {"repositoryName": "demo/inference", "layerDigests": [LAYER]}
    ),
    Call("ecr", "batch_get_image", {"repositoryName": "demo/inference", "imageIds": IMAGE}),
    Call("ecr", "get_download_url_for_layer", {"repositoryName": "demo/inference", "layerDigest": LAYER}),
    Call("s3", "get_object", {"Bucket": "{bucket}", "Key": BLOB}),
    Call("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": "models/blobs/missing", "MaxKeys": 1}),
    Call("logs", "create_log_stream", {"logGroupName": "/demo/edge", "logStreamName": "host"}),
    Call(
        "logs",
        "put_log_events",
        {
            "logGroupName": "/demo/edge",
            "logStreamName": "host",
            "logEvents": [{"timestamp": 0, "message": "x"}],
        },
    ),
    Call("xray", "put_trace_segments", {"TraceSegmentDocuments": ["{}"]}),
    Call("xray", "put_telemetry_records", {"TelemetryRecords": [{"Timestamp": 0}]}),
    Call(
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "Airlift/demo", "MetricData": [{"MetricName": "m", "Value": 1}]},
    ),
)
UNRECORDED: Mapping[str, str] = dict.fromkeys(
    (
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
    "the SSM agent's own; the embedded AWS runs commands without one",
)
"""Actions of the hosts' policy that no call above needs → why they are there."""
