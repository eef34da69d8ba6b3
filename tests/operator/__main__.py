"""`make operator-policy`: write docs/operator-policy.json from a stack's life on the embedded AWS."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.integration.cloud import REGION, served
from tests.operator.policy import Names, need, policy, text
from tests.operator.record import NAME, lifecycle

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "operator-policy.json"
PLAYBOOKS = Path(__file__).with_name("playbooks.json")
ACCOUNT = "123456789012"


def document(provisioning: list[dict[str, Any]]) -> dict[str, Any]:
    """The policy for provisioning as it was just recorded, and for the playbooks as they once were."""
    needs = [need(one, Names(NAME, ACCOUNT, REGION)) for one in provisioning]
    recorded = json.loads(PLAYBOOKS.read_text(encoding="utf-8"))
    needs += [
        need(one, Names(**recorded["names"]))
        for one in recorded["questions"] + recorded["unrecorded"]["questions"]
    ]
    return policy(needs)


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as cloud:
        PUBLISHED.write_text(text(document(lifecycle(cloud))), encoding="utf-8")
    print(f"Wrote {PUBLISHED.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
