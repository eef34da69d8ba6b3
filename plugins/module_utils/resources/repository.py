"""ECR repositories. Their names begin with the stack's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UPDATABLE, Schema, declare
from .kind import KEY_TAG, Context, Kind
from .tag_index import Tags, one_by_one, tags_of
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, arn, text, touched

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecr.type_defs import RepositoryTypeDef


class Repository(Kind):
    """A repository: ``name``, ``tag_mutability``, ``scan_on_push``, ``lifecycle_policy``, ``encryption``.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    """

    name: ClassVar[str] = "repository"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        tag_mutability=UPDATABLE,
        scan_on_push=UPDATABLE,
        lifecycle_policy=UPDATABLE,
        encryption=CREATE_ONLY,
    )
    holds_data: ClassVar[bool] = True
    billable: ClassVar[bool] = True

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the registry's repositories; tags and policy of those under the stack's prefix."""
        client: ECRClient = context.session.client("ecr")
        pages = client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1000})
        named = {
            repository["repositoryArn"]: repository
            for page in pages
            for repository in page["repositories"]
            if repository["repositoryName"].startswith(f"{context.stack}/")
        }

        return [
            _found(named[one], tags[KEY_TAG], _lifecycle_policy(client, named[one]["repositoryName"]), tags)
            for one, tags in tags_of(context, named, one_by_one(lambda one: _tags(client, one))).items()
            if is_ours(context, tags)
        ]

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the repository, then write its lifecycle policy."""
        client: ECRClient = context.session.client("ecr")
        name, tags = text(properties, "name"), context.tags_for(key)
        try:
            repository = client.create_repository(
                repositoryName=name,
                tags=as_pairs(tags),
                imageTagMutability="IMMUTABLE" if properties["tag_mutability"] == "IMMUTABLE" else "MUTABLE",
                imageScanningConfiguration={"scanOnPush": bool(properties["scan_on_push"])},
                encryptionConfiguration={
                    "encryptionType": "KMS" if properties.get("encryption") == "KMS" else "AES256"
                },
            )["repository"]
        except ClientError as error:
            there = code_of(error) == "RepositoryAlreadyExistsException"
            if there and not is_ours(context, _tags(client, arn(context, "ecr", f"repository/{name}"))):
                raise AirliftError(
                    f"The repository {name} is not this stack's; it was not touched.",
                    "Choose another stack name, or delete that repository if nobody needs its images.",
                ) from error
            raise
        _put_lifecycle_policy(client, name, properties["lifecycle_policy"])
        return _found(repository, key, properties["lifecycle_policy"], tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write what differs: each is one idempotent call."""
        client: ECRClient = context.session.client("ecr")
        parts = touched(changes)
        if "tag_mutability" in parts:
            client.put_image_tag_mutability(
                repositoryName=found.id,
                imageTagMutability="IMMUTABLE" if properties["tag_mutability"] == "IMMUTABLE" else "MUTABLE",
            )
        if "scan_on_push" in parts:
            client.put_image_scanning_configuration(
                repositoryName=found.id,
                imageScanningConfiguration={"scanOnPush": bool(properties["scan_on_push"])},
            )
        if "lifecycle_policy" in parts:
            _put_lifecycle_policy(client, found.id, properties["lifecycle_policy"])
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: ECRClient = context.session.client("ecr")
        client.tag_resource(resourceArn=found.outputs["arn"], tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete the repository with its images: a plan deletes it only if data goes too."""
        client: ECRClient = context.session.client("ecr")
        with absent("RepositoryNotFoundException"):
            client.delete_repository(repositoryName=found.id, force=True)


def _tags(client: ECRClient, repository_arn: str) -> Tags:
    """Return the tags, none of one that is gone and still listed."""
    with absent("RepositoryNotFoundException"):
        return as_mapping(client.list_tags_for_resource(resourceArn=repository_arn)["tags"])
    return {}


def _lifecycle_policy(client: ECRClient, name: str) -> Value:
    with absent("LifecyclePolicyNotFoundException", "RepositoryNotFoundException"):
        policy: Value = json.loads(client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
        return policy
    return None


def _put_lifecycle_policy(client: ECRClient, name: str, policy: Value) -> None:
    client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(policy))


def _found(repository: RepositoryTypeDef, key: str, policy: Value, tags: Mapping[str, str]) -> Found:
    return Found(
        kind="repository",
        key=key,
        id=repository["repositoryName"],
        properties={
            "name": repository["repositoryName"],
            "tag_mutability": repository.get("imageTagMutability", "MUTABLE"),
            "scan_on_push": repository.get("imageScanningConfiguration", {}).get("scanOnPush", False),
            "lifecycle_policy": policy,
        },
        outputs={
            "name": repository["repositoryName"],
            "arn": repository["repositoryArn"],
            "uri": repository["repositoryUri"],
        },
        tags=tags,
    )
