"""Secrets in Secrets Manager. A value is written once, at creation, and never read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UPDATABLE, Property, Schema, declare
from .kind import KEY_TAG, STACK_TAG, Context, Kind
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, number, optional_text, text

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef, SecretListEntryTypeDef


class Secret(Kind):
    """A secret: ``name``, ``description``, first ``value``, and ``recovery_window_days`` for its deletion.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    name: ClassVar[str] = "secret"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        description=UPDATABLE,
        value=Property(create_only=True, secret=True),
        recovery_window_days=CREATE_ONLY,
    )
    holds_data: ClassVar[bool] = True
    billable: ClassVar[bool] = True

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call, filtered by our tag; what is wanted and not listed is asked for by its name.

        The list lags by up to five minutes. A secret that is scheduled for deletion is not found.
        https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
        """
        client: SecretsManagerClient = context.session.client("secretsmanager")
        pages = client.get_paginator("list_secrets").paginate(
            Filters=[
                {"Key": "tag-key", "Values": [STACK_TAG]},
                {"Key": "tag-value", "Values": [context.stack]},
            ]
        )
        secrets: list[SecretListEntryTypeDef | DescribeSecretResponseTypeDef]
        secrets = [secret for page in pages for secret in page["SecretList"]]
        listed = {secret["Name"] for secret in secrets}
        for name in (text(one.properties, "name") for one in wanted):
            if name not in listed and (described := _described(client, name)) is not None:
                secrets.append(described)
        windows = {one.key: one.properties.get("recovery_window_days") for one in wanted}
        found = []
        for secret in secrets:
            tags = as_mapping(secret.get("Tags", ()))
            # The filters match by prefix and each on its own, so the tags decide.
            if is_ours(context, tags) and "DeletedDate" not in secret:
                window, words = windows.get(tags[KEY_TAG]), secret.get("Description", "")
                found.append(_found(secret["Name"], secret["ARN"], tags, words, window))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the secret, or bring back ours that is scheduled for deletion, with its old value."""
        client: SecretsManagerClient = context.session.client("secretsmanager")
        name, tags = text(properties, "name"), context.tags_for(key)
        description = optional_text(properties, "description") or ""
        window = properties.get("recovery_window_days")
        try:
            arn = client.create_secret(
                Name=name,
                Description=description,
                SecretString=text(properties, "value"),
                Tags=as_pairs(tags),
            )["ARN"]
        except ClientError as error:
            if code_of(error) not in ("InvalidRequestException", "ResourceExistsException"):
                raise
            arn = _restore(context, client, name, error)
            client.tag_resource(SecretId=arn, Tags=as_pairs(tags))
        return _found(name, arn, tags, description, window)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Set the description, the one property that can change."""
        client: SecretsManagerClient = context.session.client("secretsmanager")
        client.update_secret(SecretId=found.id, Description=text(properties, "description"))
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: SecretsManagerClient = context.session.client("secretsmanager")
        client.tag_resource(SecretId=found.id, Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Schedule the deletion, or delete at once where the recovery window is 0 days."""
        client: SecretsManagerClient = context.session.client("secretsmanager")
        window = found.properties.get("recovery_window_days")
        with absent("ResourceNotFoundException"):
            if window == 0:
                client.delete_secret(SecretId=found.id, ForceDeleteWithoutRecovery=True)
            elif window is None:
                client.delete_secret(SecretId=found.id)
            else:
                client.delete_secret(
                    SecretId=found.id, RecoveryWindowInDays=number(found.properties, "recovery_window_days")
                )


def _restore(context: Context, client: SecretsManagerClient, name: str, cause: ClientError) -> str:
    """Cancel the deletion of our secret ``name`` and return its ARN."""
    described = _described(client, name)
    if described is not None and not is_ours(context, as_mapping(described.get("Tags", ()))):
        raise AirliftError(
            f"The secret {name} is not this stack's; it was not touched.",
            "Choose another stack name, or delete that secret if nothing needs it.",
        ) from cause
    if described is None or "DeletedDate" not in described:
        raise cause  # Made by a run before and not to be seen yet: whoever called looks again.
    return client.restore_secret(SecretId=name)["ARN"]


def _described(client: SecretsManagerClient, name: str) -> DescribeSecretResponseTypeDef | None:
    with absent("ResourceNotFoundException"):
        return client.describe_secret(SecretId=name)
    return None


def _found(
    name: str, secret_arn: str, tags: Mapping[str, str], description: str, recovery_window_days: Value
) -> Found:
    properties: dict[str, Value] = {"name": name, "description": description}
    if recovery_window_days is not None:
        properties["recovery_window_days"] = recovery_window_days
    return Found(
        kind="secret",
        key=tags[KEY_TAG],
        id=secret_arn,
        properties=properties,
        outputs={"name": name, "arn": secret_arn},
        tags=tags,
    )
