"""The agent's record keeps its images from the timer of the role docker_engine."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path

from inference.agent.airlift_agent import record
from inference.agent.airlift_agent.delivery.release import Image
from inference.agent.airlift_agent.state import Colour

from .test_plan import RELEASE

PRUNE = Path(__file__).parents[2] / "roles/docker_engine/files/airlift_image_prune.py"


def test_what_serves_and_what_a_rollback_goes_back_to_are_found_in_the_record(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("airlift_image_prune", PRUNE)
    assert spec is not None
    assert spec.loader is not None
    prune = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = prune
    spec.loader.exec_module(prune)
    newer = dataclasses.replace(RELEASE, image=Image("registry", "inference", f"sha256:{'c' * 64}"))
    kept = record.Record().switched(Colour.BLUE, RELEASE).switched(Colour.GREEN, newer)
    record.save(tmp_path / record.FILE_NAME, kept)
    assert {RELEASE.image.digest, newer.image.digest} <= prune.noted_in([str(tmp_path / record.FILE_NAME)])
    images = [
        prune.Image(digest, (), frozenset({digest}), 1, False)
        for digest in (RELEASE.image.digest, newer.image.digest, f"sha256:{'d' * 64}")
    ]
    left = prune.removable(images, (), prune.noted_in([str(tmp_path / record.FILE_NAME)]))
    assert [image.id for image in left] == [f"sha256:{'d' * 64}"]


def test_the_role_looks_where_the_agent_writes() -> None:
    defaults = PRUNE.parents[1] / "defaults/main.yml"
    assert f"/var/lib/airlift/{record.FILE_NAME}" in defaults.read_text()
