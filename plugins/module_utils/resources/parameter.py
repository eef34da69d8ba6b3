"""SSM parameters, of which Airlift creates the release document and never writes it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, Schema, declare
from .kind import STACK_TAG, Context, Kind
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, arn, optional_text, text

if TYPE_CHECKING:
    from mypy_boto3_ssm.client import SSMClient


class Parameter(Kind):
    """A parameter of type String: ``name``, ``description``, first ``value``. Its versions are its data.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """

    name: ClassVar[str] = "parameter"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        value=CREATE_ONLY,
        description=CREATE_ONLY,
    )
    holds_data: ClassVar[bool] = True

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call, filtered by our tag; what is wanted and not listed is asked for by its name: lists lag.

        The list does not return the tags, so they are not compared.
        """
        client: SSMClient = context.session.client("ssm")
        keys = {text(one.properties, "name"): one.key for one in wanted}
        pages = client.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": f"tag:{STACK_TAG}", "Values": [context.stack]}]
        )
        names = [one["Name"] for page in pages for one in page["Parameters"]]
        unlisted = [name for name in keys if name not in names]
        names += [name for name in unlisted if is_ours(context, _tags(client, name) or {})]
        return [_found(context, keys.get(name, f"delivery{name}"), name) for name in names]

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the first version. One that exists is never overwritten."""
        client: SSMClient = context.session.client("ssm")
        name = text(properties, "name")
        try:
            client.put_parameter(
                Name=name,
                Description=optional_text(properties, "description") or "",
                Value=text(properties, "value"),
                Type="String",
                Overwrite=False,
                Tags=as_pairs(context.tags_for(key)),
            )
        except ClientError as error:
            tags = _tags(client, name) if code_of(error) == "ParameterAlreadyExists" else None
            if tags is not None and not is_ours(context, tags):
                raise AirliftError(
                    f"The parameter {name} is not this stack's; it was not touched.",
                    "Choose another stack name, or delete that parameter if nothing needs it.",
                ) from error
            raise
        return _found(context, key, name)

    def delete(self, context: Context, found: Found) -> None:
        """Delete the parameter with all its versions."""
        client: SSMClient = context.session.client("ssm")
        with absent("ParameterNotFound"):
            client.delete_parameter(Name=found.id)


def _tags(client: SSMClient, name: str) -> dict[str, str] | None:
    """Return the parameter's tags, or None if there is no parameter of that name."""
    with absent("InvalidResourceId"):
        answer = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
        return as_mapping(answer["TagList"])
    return None


def _found(context: Context, key: str, name: str) -> Found:
    return Found(
        kind="parameter",
        key=key,
        id=name,
        properties={"name": name},
        outputs={"name": name, "arn": arn(context, "ssm", f"parameter{name}")},
    )
