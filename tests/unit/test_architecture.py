"""One architecture for type, machine image and container image: what fits, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.architecture import (
    containers_of,
    mismatch,
    name_for,
)
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.images import build, wheels
from ansible_collections.airlift.stack.plugins.module_utils.images.context import Context


@pytest.mark.parametrize(
    ("supported", "name"),
    [
        (["x86_64"], "debian-13-amd64-*"),
        (["arm64"], "debian-13-arm64-*"),
        (["i386", "x86_64"], "debian-13-amd64-*"),
    ],
)
def test_the_images_name_follows_the_type(supported: list[str], name: str) -> None:
    assert name_for("debian-13-{architecture}-*", supported) == name
    assert name_for("mine-*", supported) == "mine-*"


def test_an_image_of_another_architecture_is_told() -> None:
    reasons = mismatch("mine", {"ami-1": "x86_64", "ami-2": "x86_64"}, "m7g.large", ["arm64"])
    assert reasons is not None
    assert reasons[0] == "compute.instance_type m7g.large is arm64, and the image mine is x86_64."
    assert mismatch("mine", {"ami-1": "x86_64", "ami-2": "arm64"}, "m7g.large", ["arm64"]) is None
    assert mismatch("mine", {}, "m7g.large", ["arm64"]) is None
    assert containers_of(["x86_64", "arm64", "x86_64"]) == ["amd64", "arm64"]


class Engine:
    """Docker's API, as far as a build asks it."""

    def __init__(self, architecture: str, kernel: str, *events: dict[str, str]) -> None:
        self.architecture, self.kernel, self.events = architecture, kernel, events
        self.asked: dict[str, Any] = {}
        self.api = SimpleNamespace(build=self.build)

    def ping(self) -> None:
        pass

    def version(self) -> dict[str, str]:
        return {"Arch": self.architecture, "KernelVersion": self.kernel}

    def build(self, **asked: Any) -> list[dict[str, str]]:
        self.asked = asked
        return list(self.events)


def builder(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> build.Builder:
    monkeypatch.setattr(build.docker, "from_env", lambda **_: engine)
    return build.Builder()


class TestImage:
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        (tmp_path / "Dockerfile").write_text("FROM scratch\n")
        return tmp_path

    def test_is_built_for_the_hosts_and_named_by_that(
        self, monkeypatch: pytest.MonkeyPatch, directory: Path
    ) -> None:
        engine = Engine("amd64", "6.12")
        context = Context(directory, architecture="arm64")
        builder(monkeypatch, engine).build(context, "one", print)
        assert engine.asked["platform"] == "linux/arm64"
        assert context.tag != Context(directory).tag

    @pytest.mark.parametrize(
        ("engine", "emulators", "runs"),
        [
            (Engine("amd64", os.uname().release), ["status"], False),
            (Engine("amd64", os.uname().release), ["status", "qemu-aarch64"], True),
            (Engine("amd64", os.uname().release), ["status", "qemu-arm"], False),
            (Engine("arm64", os.uname().release), ["status"], True),
            (Engine("amd64", "another machine's"), ["status"], True),
            (Engine("amd64", os.uname().release), [], True),
        ],
    )
    def test_is_refused_where_it_surely_cannot_be_built(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        engine: Engine,
        emulators: list[str],
        runs: bool,
    ) -> None:
        for name in emulators:
            (tmp_path / name).touch()
        monkeypatch.setattr(build, "_EMULATORS", tmp_path)
        if runs:
            builder(monkeypatch, engine).check_runs("arm64")
            return
        with pytest.raises(DeliveryError, match="Docker runs on amd64 here, not arm64") as caught:
            builder(monkeypatch, engine).check_runs("arm64")
        assert "qemu-user-static" in str(caught.value)

    @pytest.mark.parametrize(
        "said",
        [
            "exec /bin/sh: exec format error",
            "image with reference x was found but does not match the specified platform",
        ],
    )
    def test_a_build_that_fails_for_that_says_so(
        self, monkeypatch: pytest.MonkeyPatch, directory: Path, said: str
    ) -> None:
        engine = Engine("amd64", "6.12", {"stream": "Step 1/1"}, {"error": said})
        with pytest.raises(DeliveryError, match="publish from a machine of that one"):
            builder(monkeypatch, engine).build(Context(directory, architecture="arm64"), "one", print)

    def test_another_failure_does_not(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        engine = Engine("amd64", "6.12", {"error": "no space left on device"})
        with pytest.raises(DeliveryError) as caught:
            builder(monkeypatch, engine).build(Context(directory), "one", print)
        assert "architecture" not in str(caught.value)


def test_wheels_are_fetched_for_the_images_architecture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetched: list[list[str]] = []

    def download(command: list[str], **_: Any) -> SimpleNamespace:
        fetched.append(command)
        directory = Path(command[command.index("--dest") + 1])
        directory.mkdir()
        (directory / "one.whl").touch()
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(wheels.subprocess, "run", download)
    lock = tmp_path / "requirements.lock"
    lock.write_text("one==1\n")
    assert wheels.Wheels(lock, tmp_path / "wheels", "3.13", "arm64").ensure()
    assert not wheels.Wheels(lock, tmp_path / "wheels", "3.13", "arm64").ensure()
    assert wheels.Wheels(lock, tmp_path / "wheels", "3.13").ensure()
    assert ["manylinux2014_aarch64" in one for one in fetched] == [True, False]
