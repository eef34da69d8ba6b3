"""The registry layer: the repository of inference images."""

from __future__ import annotations

from ..image_tags import RELEASED
from ..reconcile.model import Value, Wanted
from .options import Facts, StackOptions

REPOSITORY = "registry/repository/inference"
_ALL = 1000
"""More images than ever have that tag at once."""


def wanted(options: StackOptions, _facts: Facts) -> list[Wanted]:
    """Return the repository."""
    keep = options.registry.keep_images
    return [
        Wanted(
            "repository",
            REPOSITORY,
            {
                "name": f"{options.name}/inference",
                "tag_mutability": "IMMUTABLE",
                "scan_on_push": True,
                "encryption": "AES256",
                "lifecycle_policy": _lifecycle(keep),
            },
            protected=True,
        )
    ]


def _lifecycle(keep: int) -> dict[str, Value]:
    """Return the policy. An image that fits a rule's tags is never expired by a rule after it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lifecycle-policy-howitworks
    """
    released: dict[str, Value] = {"tagStatus": "tagged", "tagPrefixList": [RELEASED]}
    return {
        "rules": [
            _rule(1, "Keep what is released, and what was before", released, _ALL),
            _rule(2, f"Keep the {keep} newest images", {"tagStatus": "any"}, keep),
        ]
    }


def _rule(priority: int, description: str, tags: dict[str, Value], keep: int) -> dict[str, Value]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": {**tags, "countType": "imageCountMoreThan", "countNumber": keep},
        "action": {"type": "expire"},
    }
