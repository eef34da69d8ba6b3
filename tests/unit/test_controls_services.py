"""The controls of AWS's Foundational Security Best Practices that the blueprint answers, one test each.

Which are deliberately not met, and why, is in docs/controls.md: the last test keeps that list honest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.unit.stack_options import at, stack, statements

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__)

OURS = {
    *("ELB.1", "ELB.4", "ELB.5", "ELB.6", "ELB.12", "ELB.13", "ELB.17", "ACM.1", "ACM.2", "Route53.2"),
    *("S3.1", "S3.5", "S3.6", "S3.8", "S3.9", "S3.10", "S3.12", "S3.13", "S3.14", "S3.17"),
    *("ECR.1", "ECR.2", "ECR.3", "IAM.1", "IAM.2", "IAM.21"),
    *("KMS.1", "KMS.2", "KMS.3", "KMS.4", "KMS.5"),
    *("SecretsManager.1", "SecretsManager.2", "SecretsManager.3", "SecretsManager.4"),
}
"""What these layers are judged by."""

BUCKET, BALANCER, ROLE = "storage/bucket", "ingress/load-balancer", "identity/host-role"
REPOSITORY = "registry/repository/inference"


def attribute(name: str, **layers: dict[str, object] | None) -> object:
    attributes = at(stack(**layers)[BALANCER], "attributes")
    assert isinstance(attributes, dict)
    return attributes[name]


def host_statements() -> list[dict[str, object]]:
    found = []
    for access in ("ssh", "ssm"):
        policies = at(stack(compute={"access": access})[ROLE], "policies")
        assert isinstance(policies, dict)
        for policy in policies.values():
            found.extend(statements(policy).values())
    return found  # type: ignore[return-value]


def test_http_redirects_to_https() -> None:
    """ELB.1"""
    for one in stack().values():
        if one.kind == "listener" and one.properties["protocol"] == "HTTP":
            assert at(one, "action.type") == "redirect"
            assert at(one, "action.protocol") == "HTTPS"


def test_invalid_headers_are_dropped() -> None:
    """ELB.4"""
    assert attribute("routing.http.drop_invalid_header_fields.enabled") == "true"


def test_the_load_balancer_logs_every_request() -> None:
    """ELB.5"""
    assert attribute("access_logs.s3.enabled") == "true"
    prefix = attribute("access_logs.s3.prefix")
    policy = statements(at(stack()[BUCKET], "policy"))["LoadBalancerLogs"]
    assert f"/{prefix}/AWSLogs/123456789012/*" in str(policy["Resource"]), "it may write where it is told to"


def test_deletion_protection_on_request() -> None:
    """ELB.6"""
    assert attribute("deletion_protection.enabled") == "false", "the default: a demo has to go at one command"
    assert attribute("deletion_protection.enabled", ingress={"deletion_protection": True}) == "true"


def test_desync_mitigation_is_defensive() -> None:
    """ELB.12"""
    assert attribute("routing.http.desync_mitigation_mode") == "defensive"


def test_the_load_balancer_spans_zones() -> None:
    """ELB.13"""
    subnets = stack()[BALANCER].properties["subnets"]
    assert isinstance(subnets, list)
    assert len({str(one.key) for one in subnets}) >= 2


def test_a_recent_tls_policy() -> None:
    """ELB.17"""
    assert stack()["ingress/listener/https"].properties["tls_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


def test_no_public_access_to_the_bucket() -> None:
    """S3.1, S3.8"""
    block = at(stack()[BUCKET], "public_access_block")
    assert block == {
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
    }


def test_the_bucket_takes_tls_only() -> None:
    """S3.5"""
    statement = statements(at(stack()[BUCKET], "policy"))["TlsOnly"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == ["s3:*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": ["false"]}}
    bucket = "arn:aws:s3:::airlift-123456789012-us-east-1"
    assert statement["Resource"] == [bucket, f"{bucket}/*"]


def test_no_other_account_may_use_the_bucket() -> None:
    """S3.6"""
    for statement in statements(at(stack()[BUCKET], "policy")).values():
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]}


def test_old_versions_and_logs_expire() -> None:
    """S3.10, S3.13"""
    rules = at(stack()[BUCKET], "lifecycle")
    assert isinstance(rules, dict)
    assert any(isinstance(rule, dict) and rule.get("noncurrent_days") for rule in rules.values())
    assert any(isinstance(rule, dict) and rule.get("expiration_days") for rule in rules.values())


def test_no_access_lists() -> None:
    """S3.12"""
    assert stack()[BUCKET].properties["ownership"] == "BucketOwnerEnforced"


def test_versions_are_kept() -> None:
    """S3.14"""
    assert stack()[BUCKET].properties["versioning"] == "Enabled"


def test_images_are_scanned_when_pushed() -> None:
    """ECR.1"""
    assert stack()[REPOSITORY].properties["scan_on_push"] is True


def test_image_tags_are_immutable() -> None:
    """ECR.2"""
    assert stack()[REPOSITORY].properties["tag_mutability"] == "IMMUTABLE"


def test_images_have_a_lifecycle() -> None:
    """ECR.3"""
    assert at(stack()[REPOSITORY], "lifecycle_policy.rules")


def test_nobody_may_do_everything() -> None:
    """IAM.1"""
    for statement in host_statements():
        assert not (statement["Action"] == ["*"] or statement["Action"] == ["*:*"])


def test_no_policy_of_a_user() -> None:
    """IAM.2"""
    assert {one.kind for one in stack().values() if one.kind.startswith("iam_")} == {"iam_role"}


def test_no_service_wildcards() -> None:
    """IAM.21"""
    for statement in host_statements():
        assert not [action for action in statement["Action"] if action.endswith(":*")]  # type: ignore[attr-defined]


def test_nobody_may_decrypt_with_every_key() -> None:
    """KMS.1, KMS.2"""
    for statement in host_statements():
        assert not [action for action in statement["Action"] if action.startswith("kms:")]  # type: ignore[attr-defined]


def test_every_control_is_tested_or_its_absence_explained() -> None:
    tested = _controls(line for line in HERE.read_text().splitlines() if line.startswith('    """'))
    rows = [
        line for line in (ROOT / "docs" / "controls.md").read_text().splitlines() if line.startswith("| ")
    ]
    met = _controls(row for row in rows if f"`{HERE.name}`" in row)
    unmet = _controls(row for row in rows if "| not met |" in row)
    assert met == tested
    assert not met & unmet
    assert met | unmet >= OURS


def _controls(lines: Iterable[str]) -> set[str]:
    return set(
        re.findall(
            r"\b[A-Za-z0-9]+\.\d+\b", "\n".join(line.split("|")[1] if "|" in line else line for line in lines)
        )
    )
