"""The registry layer: the repository of inference images."""

from __future__ import annotations

from ..reconcile.model import Value, Wanted
from .options import Facts, StackOptions

REPOSITORY = "registry/repository/inference"


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
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Keep the {keep} newest images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep},
                "action": {"type": "expire"},
            }
        ]
    }
