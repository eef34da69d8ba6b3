"""The bucket against moto. What moto leaves unproven: IAM denials, and that a policy is enforced at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Wanted
from moto.s3.models import s3_backends

from tests.integration.account import ACCOUNT
from tests.integration.services import Services, blueprint, only, services

NAME = "airlift-123456789012-us-east-1"


def wanted(**layers: object) -> list[Wanted]:
    return only(blueprint(**layers), "bucket")


@pytest.fixture(scope="module")
def served() -> Iterator[Services]:
    with services("bucket") as account:
        yield account


@pytest.fixture
def account(served: Services) -> Services:
    served.reset()
    return served


def test_created_then_nothing_to_do_then_gone(account: Services) -> None:
    account.create(wanted())
    account.remove()
    assert [one.key for one in account.found()] == ["storage/bucket"], "data goes only if it may"
    account.remove(data=True)
    assert account.found() == ()
    assert account.session.client("s3").list_buckets()["Buckets"] == []


def test_a_look_takes_eight_calls_and_two_where_there_is_none(account: Services) -> None:
    assert sum(account.calls(wanted()).values()) == 2
    account.create(wanted())
    assert sum(account.calls(wanted()).values()) == 8


def test_one_that_the_blueprint_drops_is_seen_and_kept_for_its_data(account: Services) -> None:
    account.create(wanted())
    steps = account.plan([])
    assert steps.changing == ()
    assert [(step.key, step.reason) for step in steps.kept] == [("storage/bucket", "kept: it holds data")]


class TwoAtATime:
    """Refuses a second write to a bucket while one is under way, as S3 does."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.lock = threading.Lock()
        self.refused = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "PUT" or not environ["QUERY_STRING"]:
            return self.application(environ, start_response)
        if not self.lock.acquire(blocking=False):
            self.refused += 1
            start_response("409 Conflict", [("Content-Type", "application/xml")])
            return [b"<Error><Code>OperationAborted</Code><Message>A conflicting operation</Message></Error>"]
        try:
            time.sleep(0.02)
            return self.application(environ, start_response)
        finally:
            self.lock.release()


def test_settings_are_written_one_after_the_other(account: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = TwoAtATime(account.moto.application)
    monkeypatch.setattr(account.moto, "application", s3)
    account.create(wanted())
    assert s3.refused == 0


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (
            lambda s3: s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"}),
            "versioning",
        ),
        (lambda s3: s3.delete_bucket_policy(Bucket=NAME), "policy"),
        (lambda s3: s3.delete_public_access_block(Bucket=NAME), "public_access_block"),
        (lambda s3: s3.delete_bucket_encryption(Bucket=NAME), "encryption"),
        (lambda s3: s3.delete_bucket_lifecycle(Bucket=NAME), "lifecycle"),
        (
            lambda s3: s3.put_bucket_ownership_controls(
                Bucket=NAME, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
            ),
            "ownership",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_drift_is_seen_and_repaired(account: Services, spoil, path: str) -> None:
    account.create(wanted())
    spoil(account.session.client("s3"))
    changes = account.changes(wanted())
    assert changes
    assert all(one.startswith(f"storage/bucket {path}") for one in changes)
    assert account.converge(wanted()) == ["update storage/bucket"]
    assert account.changes(wanted()) == []


def test_one_option_changes_one_property(account: Services) -> None:
    account.create(wanted())
    changed = wanted(storage={"log_expiry_days": 30})
    assert account.changes(changed) == [
        "storage/bucket lifecycle.airlift-logs.expiration_days: 90 -> 30",
    ]
    account.converge(changed)
    assert account.changes(changed) == []


def test_the_rules_and_tags_of_others_survive(account: Services) -> None:
    account.create(wanted())
    s3 = account.session.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": [*rules, theirs]})
    tags = s3.get_bucket_tagging(Bucket=NAME)["TagSet"]
    s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [*tags, {"Key": "theirs", "Value": "1"}]})
    assert account.changes(wanted()) == []

    account.tags = {"team": "search"}
    account.converge(wanted(storage={"log_expiry_days": 7}))
    ids = {one["ID"] for one in s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]}
    assert ids == {"theirs", "airlift-logs", "airlift-noncurrent", "airlift-transfer"}
    after = {one["Key"]: one["Value"] for one in s3.get_bucket_tagging(Bucket=NAME)["TagSet"]}
    assert after["theirs"] == "1"
    assert after["team"] == "search"
    assert after["airlift:stack"] == "airlift"


def test_every_version_goes_and_unfinished_uploads_too(account: Services) -> None:
    account.create(wanted())
    s3 = account.session.client("s3")
    for number in range(1005):
        s3_backends[ACCOUNT]["aws"].put_object(NAME, f"models/{number % 400}", b"x")
    s3.delete_object(Bucket=NAME, Key="models/1")
    s3.create_multipart_upload(Bucket=NAME, Key="models/half")
    account.remove(data=True)
    assert s3.list_buckets()["Buckets"] == []


def test_what_s3_refuses_to_delete_is_named(account: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    account.create(wanted())
    s3 = account.session.client("s3")
    s3.put_object(Bucket=NAME, Key="models/held", Body=b"x")
    refusal = {"Errors": [{"Key": "models/held", "Code": "AccessDenied", "Message": "object lock"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: refusal)
    with pytest.raises(AirliftError, match=r"1 objects of bucket .* first models/held: AccessDenied"):
        account.kinds["bucket"].delete(account.context, account.one("storage/bucket"))


def test_a_run_killed_before_the_tags_is_completed(account: Services) -> None:
    account.session.client("s3").create_bucket(Bucket=NAME)
    assert account.found(wanted()) == ()
    assert account.converge(wanted()) == ["create storage/bucket"]
    assert account.changes(wanted()) == []


@pytest.mark.parametrize("stranger", ["tagged", "filled"])
def test_a_bucket_of_somebody_else_is_never_adopted(account: Services, stranger: str) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=NAME)
    if stranger == "tagged":
        s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "owner", "Value": "them"}]})
    else:
        s3.put_object(Bucket=NAME, Key="theirs", Body=b"x")
    assert account.found(wanted()) == ()
    with pytest.raises(AirliftError, match="is not this stack's; it was not touched"):
        account.kinds["bucket"].create(account.context, "storage/bucket", wanted()[0].properties)
    account.remove(data=True)
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == [NAME]
    assert "Status" not in s3.get_bucket_versioning(Bucket=NAME)
