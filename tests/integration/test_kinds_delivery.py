"""Repository, secret, parameter and log groups against moto: what holds data stays until it may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Wanted

from tests.integration.services import FACTS, Services, blueprint, only, services

KINDS = ("log_group", "parameter", "repository", "secret")
LATER = replace(FACTS, new_api_key="al-second")


def wanted(facts=FACTS, **layers: object) -> list[Wanted]:
    return only(blueprint(facts, **layers), *KINDS)


def value(account: Services) -> str:
    secrets = account.session.client("secretsmanager")
    return secrets.get_secret_value(SecretId="airlift/api-keys")["SecretString"]


@pytest.fixture(scope="module")
def served() -> Iterator[Services]:
    with services(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Services) -> Services:
    served.reset()
    return served


def test_created_then_nothing_to_do_then_gone(account: Services) -> None:
    account.create(wanted())
    account.remove()
    assert len(account.found()) == len(wanted()), "data goes only if it may"
    account.remove(data=True)
    assert account.found() == ()


def test_a_second_run_leaves_secret_and_release_alone(account: Services) -> None:
    account.create(wanted())
    ssm = account.session.client("ssm")
    ssm.put_parameter(Name="/airlift/release", Value='{"schema": 1, "release": "r1"}', Overwrite=True)
    assert account.changes(wanted(LATER)) == []
    assert account.converge(wanted(LATER)) == []
    assert value(account) == '{"keys": [{"id": "default", "key": "al-first"}]}'
    released = ssm.get_parameter(Name="/airlift/release")["Parameter"]
    assert released["Value"] == '{"schema": 1, "release": "r1"}'
    assert released["Version"] == 2


def test_a_secret_on_its_way_out_comes_back_with_its_value(account: Services) -> None:
    account.create(wanted())
    account.remove(data=True)
    assert [one for one in account.found() if one.kind == "secret"] == []
    done = account.converge(wanted(LATER))
    assert "create secrets/api-keys" in done
    assert value(account) == '{"keys": [{"id": "default", "key": "al-first"}]}'
    assert account.changes(wanted(LATER)) == []


def test_without_a_recovery_window_the_secret_is_gone_at_once(account: Services) -> None:
    at_once = wanted(secrets={"recovery_window_days": 0})
    account.create(at_once)
    found = account.one("secrets/api-keys", at_once)
    account.kinds["secret"].delete(account.context, found)
    listed = account.session.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)
    assert listed["SecretList"] == []


def test_the_recovery_window_is_the_one_wanted(account: Services) -> None:
    account.create(wanted(secrets={"recovery_window_days": 9}))
    found = account.one("secrets/api-keys", wanted(secrets={"recovery_window_days": 9}))
    account.kinds["secret"].delete(account.context, found)
    secrets = account.session.client("secretsmanager")
    secret = secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"][0]
    assert (secret["DeletedDate"] - secret["CreatedDate"]).days in (8, 9)


def test_drift_is_repaired(account: Services) -> None:
    account.create(wanted())
    ecr = account.session.client("ecr")
    ecr.put_image_tag_mutability(repositoryName="airlift/inference", imageTagMutability="MUTABLE")
    ecr.put_image_scanning_configuration(
        repositoryName="airlift/inference", imageScanningConfiguration={"scanOnPush": False}
    )
    ecr.delete_lifecycle_policy(repositoryName="airlift/inference")
    logs = account.session.client("logs")
    logs.delete_retention_policy(logGroupName="/airlift/edge")
    logs.delete_log_group(logGroupName="/airlift/host")
    assert sorted(account.converge(wanted())) == [
        "create observability/log-group/host",
        "update observability/log-group/edge",
        "update registry/repository/inference",
    ]
    assert account.changes(wanted()) == []


def test_one_option_changes_one_resource(account: Services) -> None:
    account.create(wanted())
    assert account.changes(wanted(registry={"keep_images": 20})) == [
        "registry/repository/inference lifecycle_policy.rules.1.description: "
        "Keep the 10 newest images -> Keep the 20 newest images",
        "registry/repository/inference lifecycle_policy.rules.1.selection.countNumber: 10 -> 20",
    ]


@pytest.mark.parametrize(
    ("key", "make"),
    [
        (
            "registry/repository/inference",
            lambda session: session.client("ecr").create_repository(repositoryName="airlift/inference"),
        ),
        (
            "secrets/api-keys",
            lambda session: session.client("secretsmanager").create_secret(
                Name="airlift/api-keys", SecretString="theirs"
            ),
        ),
        (
            "delivery/release",
            lambda session: session.client("ssm").put_parameter(
                Name="/airlift/release", Value="theirs", Type="String"
            ),
        ),
        (
            "observability/log-group/edge",
            lambda session: session.client("logs").create_log_group(logGroupName="/airlift/edge"),
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_look_alike_is_never_touched(account: Services, key: str, make) -> None:
    make(account.session)
    assert account.found(wanted()) == ()
    resource = next(one for one in wanted() if one.key == key)
    with pytest.raises(AirliftError, match="is not this stack's; it was not touched"):
        account.kinds[resource.kind].create(account.context, key, resource.properties)
    account.remove(data=True)
    with pytest.raises(AirliftError, match="is not this stack's; it was not touched"):
        account.kinds[resource.kind].create(account.context, key, resource.properties)


def test_another_stack_with_a_similar_name_is_untouched(account: Services) -> None:
    other = Services(account.moto, account.session, account.kinds, stack="airlift2")
    theirs = [
        replace(
            one,
            properties={**one.properties, "name": str(one.properties["name"]).replace("airlift", "airlift2")},
        )
        for one in wanted()
    ]
    other.create(theirs)
    account.create(wanted())
    account.remove(data=True)
    assert other.changes(theirs) == []


def test_what_holds_images_goes_with_them(account: Services) -> None:
    account.create(wanted())
    account.session.client("ecr").put_image(
        repositoryName="airlift/inference",
        imageManifest='{"schemaVersion": 2}',
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="one",
    )
    account.remove(data=True)
    assert account.session.client("ecr").describe_repositories()["repositories"] == []
