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
from .tagging import as_pairs
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
        """One call: AWS filters by the stack's tag. It does not return the tags, so they are not compared."""
        client: SSMClient = context.session.client("ssm")
        keys = {text(one.properties, "name"): one.key for one in wanted}
        pages = client.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": f"tag:{STACK_TAG}", "Values": [context.stack]}]
        )
        return [
            _found(context, keys.get(one["Name"], f"delivery{one['Name']}"), one["Name"])
            for page in pages
            for one in page["Parameters"]
        ]

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
            if code_of(error) != "ParameterAlreadyExists":
                raise
            raise AirliftError(
                f"The parameter {name} is not this stack's; it was not touched.",
                "Choose another stack name, or delete that parameter if nothing needs it.",
            ) from error
        return _found(context, key, name)

    def delete(self, context: Context, found: Found) -> None:
        """Delete the parameter with all its versions."""
        client: SSMClient = context.session.client("ssm")
        with absent("ParameterNotFound"):
            client.delete_parameter(Name=found.id)


def _found(context: Context, key: str, name: str) -> Found:
    return Found(
        kind="parameter",
        key=key,
        id=name,
        properties={"name": name},
        outputs={"name": name, "arn": arn(context, "ssm", f"parameter{name}")},
    )
