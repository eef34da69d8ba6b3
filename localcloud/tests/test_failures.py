"""Each failure before the start is one sentence with its remedy, and nothing is started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud import checks, docker_engine, hostimage
from localcloud.errors import LocalcloudError
from localcloud.plane import Context, Need, Plane
from localcloud.server import make_planes
from localcloud.settings import Settings
from localcloud.tests.clouds import ROOT


class Needy(Plane):
    name = "needy"

    def needs(self) -> list[Need]:
        return [Need("frobnicator", 'Install it with "apt-get install frobnicator".')]


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalcloudError, match=rf"port {port} .* is taken .*--port"):
            checks.require_port("127.0.0.1", port)


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(LocalcloudError, match=r"Failed to reach the Docker engine: .*Install it"):
        docker_engine.connect()


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalcloudError, match=r"takes root\. Run it with sudo"):
        checks.require_root()


def test_a_missing_program() -> None:
    planes = make_planes(Settings(), (Needy,), None)
    with pytest.raises(LocalcloudError, match=r"lacks frobnicator\. Install it with"):
        checks.require_needs(planes)


@pytest.mark.parametrize("prefix", ["", "9a", "Upper", "with-dash", "a" * 13])
def test_a_prefix_that_makes_no_names(prefix: str) -> None:
    with pytest.raises(LocalcloudError, match="prefix"):
        checks.require_settings(Settings(prefix=prefix))


def test_the_image_changes_with_its_base_and_its_files(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    first = hostimage.sources_digest("sha256:1", tmp_path)
    assert hostimage.sources_digest("sha256:1", tmp_path) == first
    assert hostimage.sources_digest("sha256:2", tmp_path) != first
    (tmp_path / "Dockerfile").write_text("FROM other\n")
    assert hostimage.sources_digest("sha256:1", tmp_path) != first


def test_the_command_line_says_it_without_a_trace(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [
                sys.executable, "-m", "localcloud", f"--state-dir={tmp_path}",
                "serve", "--control-plane-only", f"--port={taken.getsockname()[1]}",
            ],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_survive_the_command_line() -> None:
    from localcloud import cli  # noqa: PLC0415  # its parser is what is tested

    settings = Settings(
        state_dir=Path("/somewhere"), port=4999, region="eu-west-1", prefix="x", loopback="127.1.2"
    )
    options = cli._parser().parse_args([*settings.arguments, "status"])
    again = Settings(
        state_dir=options.state_dir,
        port=options.port,
        region=options.region,
        prefix=options.prefix,
        loopback=options.loopback,
    )
    assert again == settings


def test_a_plane_without_hooks_does_nothing() -> None:
    context = Context(Settings(), lambda: None, lambda: (), lambda _: ())
    plane = Plane(context)
    assert (plane.needs(), plane.remains(), list(plane.networks())) == ([], [], [])
