"""What the lifecycle policy would expire: never the image that is released, nor the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import registry
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack import somewhere
from ansible_collections.airlift.stack.plugins.module_utils.image_tags import RELEASED
from ansible_collections.airlift.stack.plugins.modules import release

from .conftest import REGION, client
from .test_modules import STACK, options, published, put_image

__all__ = ["published"]
NAME = f"{STACK}/inference"


def policy(keep: int) -> Any:
    wanted = StackOptions.parse({"name": STACK, "region": REGION, "registry": {"keep_images": keep}})
    return registry.wanted(wanted, somewhere(REGION))[0].properties["lifecycle_policy"]


def expired(rules: Sequence[Mapping[str, Any]], images: Sequence[tuple[str, Sequence[str]]]) -> set[str]:
    """Return the digests that AWS would expire of ``images``, digest and tags, oldest first.

    What fits the tags of a rule is never expired by a rule of lower priority.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    gone: set[str] = set()
    spoken_for: set[str] = set()
    for rule in sorted(rules, key=lambda one: one["rulePriority"]):
        selection = rule["selection"]
        prefixes = selection.get("tagPrefixList", [])
        fit = [
            digest
            for digest, tags in images
            if selection["tagStatus"] == "any"
            or all(any(tag.startswith(prefix) for tag in tags) for prefix in prefixes)
        ]
        assert selection["countType"] == "imageCountMoreThan"
        gone |= set(fit[: -selection["countNumber"]]) - spoken_for
        spoken_for |= set(fit)
    return gone


def images() -> dict[str, list[str]]:
    """Return the tags of every image by its digest, in no order: moto's times are whole seconds."""
    pages = client("ecr").get_paginator("describe_images").paginate(repositoryName=NAME)
    return {one["imageDigest"]: one.get("imageTags", []) for page in pages for one in page["imageDetails"]}


def digest(reference: str) -> str:
    return reference.partition("@")[2]


def test_what_is_released_and_what_was_before_outlive_any_number_of_builds(published: dict[str, Any]) -> None:
    first, second = published["images"]
    never = put_image("sha-never-released")
    client("ecr").put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=json.dumps(policy(2)))
    release.release(options(published, image=first), check_mode=False)
    release.release(options(published, image=second), check_mode=False)
    builds = [put_image(f"sha-build-{number}") for number in range(4)]
    pushed = [digest(first), digest(second), never, *builds]

    def gone() -> set[str]:
        tags = images()
        return expired(policy(2)["rules"], [(one, tags[one]) for one in pushed])

    assert gone() == {never, *builds[:2]}

    release.release(options(published, image=f"{published['uri']}@{builds[3]}"), check_mode=False)
    assert gone() == {digest(first), never, *builds[:2]}, "a rollback goes to the second one now"
    back = options(published, state="rolled_back", image=None, model=None, engine=None)
    release.release(back, check_mode=False)
    assert gone() == {digest(first), never, *builds[:2]}


def test_check_mode_tags_nothing_and_a_second_release_mends_tags(published: dict[str, Any]) -> None:
    release.release(options(published), check_mode=True)
    assert tags_of_releases() == []
    release.release(options(published), check_mode=False)
    (tag,) = tags_of_releases()
    client("ecr").batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": tag}])
    assert release.release(options(published), check_mode=False)["changed"] is False
    assert tags_of_releases() == [tag]


def test_an_image_that_has_no_other_tag_is_not_deleted_with_it(published: dict[str, Any]) -> None:
    first, second = published["images"]
    release.release(options(published, image=first), check_mode=False)
    client("ecr").batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": "sha-1"}])
    third = f"{published['uri']}@{put_image('sha-3')}"
    for image in (second, third):
        release.release(options(published, image=image), check_mode=False)
    assert digest(first) in images()


@pytest.mark.parametrize(("keep", "kept"), [(2, 2), (5, 5)])
def test_the_newest_images_are_kept(keep: int, kept: int) -> None:
    some = [(f"sha256:{number}", [f"sha-{number}"]) for number in range(8)]
    assert len(some) - len(expired(policy(keep)["rules"], some)) == kept


def tags_of_releases() -> list[str]:
    return [tag for tags in images().values() for tag in tags if tag.startswith(RELEASED)]
