"""Key pair, imported. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Found, Value
from ..reconcile.schema import IMMUTABLE, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, as_pairs, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, KeyPairInfoTypeDef


class KeyPair(Ec2Kind["KeyPairInfoTypeDef"]):
    """Properties: ``name``, ``public_key`` (type and material, without comment). Output: ``name``.

    Replacing the key changes what new hosts accept; those that run keep the key they were started with.
    """

    name: ClassVar[str] = "key pair"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        public_key=IMMUTABLE,
    )
    deletable_in_use: ClassVar[bool] = True
    id_filter: ClassVar[str] = "key-name"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[KeyPairInfoTypeDef]:
        """Return DescribeKeyPairs, which has no pages, with the public keys."""
        return client(context).describe_key_pairs(Filters=filters, IncludePublicKey=True)["KeyPairs"]

    def found(self, context: Context, item: KeyPairInfoTypeDef) -> Found | None:
        """Read one key pair. AWS returns the public key with a comment of its own."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        properties: dict[str, Value] = {"name": item["KeyName"]}
        if item.get("PublicKey"):
            properties["public_key"] = " ".join(item["PublicKey"].split()[:2])
        return Found("key_pair", tags[KEY_TAG], item["KeyName"], properties, {"name": item["KeyName"]}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Import the public key."""
        name = text(properties, "name")
        client(context).import_key_pair(
            KeyName=name,
            PublicKeyMaterial=text(properties, "public_key").encode(),
            TagSpecifications=tag_specifications(context, key, "key-pair"),
        )
        return Found("key_pair", key, name, properties, {"name": name}, context.tags_for(key))

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags; tagging takes the key pair's id, not its name."""
        ec2 = client(context)
        pairs = ec2.describe_key_pairs(KeyNames=[found.id])["KeyPairs"]
        ec2.create_tags(Resources=[pair["KeyPairId"] for pair in pairs], Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete the key pair."""
        with ignore_not_found():
            client(context).delete_key_pair(KeyName=found.id)
