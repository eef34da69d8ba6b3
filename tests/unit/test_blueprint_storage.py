"""The bucket, the repository, the secret, the parameter and the log groups as the blueprint wants them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import (
    delivery,
    observability,
    registry,
    secrets,
    storage,
)
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS
from ansible_collections.airlift.stack.plugins.module_utils.run_command.session import PREFIX

from tests.unit.stack_options import FACTS, Layer, at, of, options, statements


def test_the_bucket_s_name_is_unique_across_aws() -> None:
    wanted = of(storage.wanted)["storage/bucket"]
    assert wanted.properties["name"] == "airlift-123456789012-us-east-1"
    assert len("a" * 20 + "-123456789012-ap-southeast-99") <= 63, "the longest name that options allow"


def test_the_load_balancer_may_write_its_logs_only_where_there_is_one() -> None:
    with_ingress = statements(at(of(storage.wanted)["storage/bucket"], "policy"))
    assert with_ingress["LoadBalancerLogs"]["Resource"] == [
        "arn:aws:s3:::airlift-123456789012-us-east-1/logs/load-balancer/AWSLogs/123456789012/*"
    ]
    without = statements(at(of(storage.wanted, ingress=None)["storage/bucket"], "policy"))
    assert set(without) == {"TlsOnly"}


def test_days_come_from_the_options() -> None:
    bucket = of(storage.wanted, storage={"expire_noncurrent_days": 3, "log_expiry_days": 4})["storage/bucket"]
    assert at(bucket, "lifecycle.airlift-noncurrent.noncurrent_days") == 3
    assert at(bucket, "lifecycle.airlift-logs") == {"prefix": "logs/", "expiration_days": 4}


def test_models_never_expire() -> None:
    rules = at(of(storage.wanted)["storage/bucket"], "lifecycle")
    assert isinstance(rules, dict)
    expiring = {name: rule["prefix"] for name, rule in rules.items() if "expiration_days" in rule}  # type: ignore[index, operator, call-overload]
    assert expiring == {"airlift-logs": "logs/", "airlift-transfer": "transfer/"}


def test_what_went_through_the_bucket_to_a_host_is_forgotten_within_a_day() -> None:
    assert at(of(storage.wanted)["storage/bucket"], "lifecycle.airlift-transfer") == {
        "prefix": PREFIX,
        "expiration_days": 1,
        "noncurrent_days": 1,
    }


def test_the_repository_keeps_what_the_options_say() -> None:
    policy = at(
        of(registry.wanted, registry={"keep_images": 5})["registry/repository/inference"], "lifecycle_policy"
    )
    assert [rule["selection"] for rule in policy["rules"]] == [  # type: ignore[index, call-overload, union-attr]
        {
            "tagStatus": "tagged",
            "tagPrefixList": ["released-"],
            "countType": "imageCountMoreThan",
            "countNumber": 1000,
        },
        {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
    ]


def test_the_secret_begins_with_one_key_and_the_release_with_none() -> None:
    secret = of(secrets.wanted)["secrets/api-keys"]
    assert json.loads(str(secret.properties["value"])) == {"keys": [{"id": "default", "key": "al-secret"}]}
    release = of(delivery.wanted)["delivery/release"]
    assert json.loads(str(release.properties["value"])) == {"schema": 1, "release": None}
    assert release.properties["name"] == "/airlift/release"


def test_values_are_never_compared_and_the_secret_s_never_shown() -> None:
    assert "value" in KINDS["secret"].schema.create_only & KINDS["secret"].schema.secret
    assert "value" in KINDS["parameter"].schema.create_only
    assert KINDS["certificate"].schema.secret == {"private_key"}


def test_a_log_group_for_each_program() -> None:
    wanted = of(observability.wanted, observability={"log_retention_days": 7})
    assert {key: one.properties for key, one in wanted.items()} == {
        f"observability/log-group/{name}": {"name": f"/airlift/{name}", "retention_days": 7}
        for name in ("edge", "inference", "host")
    }


@pytest.mark.parametrize(
    "layer", [storage.wanted, registry.wanted, secrets.wanted, delivery.wanted, observability.wanted]
)
def test_what_holds_data_is_protected_twice(layer: Layer) -> None:
    for one in of(layer).values():
        assert one.protected
        assert KINDS[one.kind].holds_data


@pytest.mark.parametrize(
    ("layer", "changes", "message"),
    [
        (
            storage.wanted,
            {"storage": {"log_expiry_days": 0}},
            r"storage\.log_expiry_days is 0; it must be between 1",
        ),
        (
            storage.wanted,
            {"storage": {"expire_noncurrent_days": 4000}},
            r"storage\.expire_noncurrent_days is 4000",
        ),
        (
            registry.wanted,
            {"registry": {"keep_images": 1}},
            r"registry\.keep_images is 1; it must be between 2",
        ),
        (
            secrets.wanted,
            {"secrets": {"recovery_window_days": 3}},
            r"secrets\.recovery_window_days is 3; AWS takes 7 to 30, or 0",
        ),
        (
            observability.wanted,
            {"observability": {"log_retention_days": 31}},
            r"log_retention_days is 31; CloudWatch takes only 1, 3, 5",
        ),
    ],
)
def test_what_cannot_be_is_said(layer: Layer, changes: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(BlueprintError, match=message):
        layer(options(**changes), FACTS)


def test_a_secret_may_go_at_once() -> None:
    at_once = of(secrets.wanted, secrets={"recovery_window_days": 0})["secrets/api-keys"]
    assert at_once.properties["recovery_window_days"] == 0
