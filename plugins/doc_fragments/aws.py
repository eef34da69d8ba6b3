"""Options by which every module of the collection reaches AWS."""

from __future__ import annotations

from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.ansible_words import fragment


class ModuleDocFragment:
    """Documentation shared by the modules."""

    DOCUMENTATION = fragment(
        Connection,
        requirements=["python >= 3.12", "boto3"],
        notes=[
            "E(AWS_MAX_ATTEMPTS) sets how often a throttled or failed call is tried; the default is 6.",
        ],
    )
