"""The command line: `python -m localcloud …`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud import daemon
from localcloud.errors import LocalcloudError
from localcloud.log import configure
from localcloud.settings import RELEASES, Settings

DESCRIPTION = """\
The embedded AWS. It answers AWS's API on 127.0.0.1 and puts real things behind it: EC2 instances are systemd
containers with IMDSv2, ECR is a registry, load balancers are HAProxy, Run Command executes.
It judges each call by IAM's policies. It cannot stand for real timings or GPU hosts."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when it did what it says, and 1 otherwise."""
    options = _parser().parse_args(arguments)
    settings = Settings(
        state_dir=options.state_dir.absolute(),
        port=options.port,
        region=options.region,
        prefix=options.prefix,
        loopback=options.loopback,
    )
    try:
        return int(options.run(settings, options))
    except LocalcloudError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="localcloud", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Settings()
    environment = os.environ
    parser.add_argument(
        "--state-dir", type=Path, default=Path(environment.get("LOCALCLOUD_STATE_DIR", default.state_dir))
    )
    parser.add_argument("--port", type=int, default=int(environment.get("LOCALCLOUD_PORT", default.port)))
    parser.add_argument("--region", default=environment.get("LOCALCLOUD_REGION", default.region))
    parser.add_argument(
        "--prefix",
        default=environment.get("LOCALCLOUD_PREFIX", default.prefix),
        help="begins the name of every container, network and rule",
    )
    parser.add_argument(
        "--loopback",
        default=environment.get("LOCALCLOUD_LOOPBACK", default.loopback),
        help="first three octets of the addresses of registry and load balancers",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    commands.add_parser("start", help="start in the background; return when ready").set_defaults(run=_start)
    commands.add_parser("stop", help="remove every trace, and look again").set_defaults(run=_stop)
    commands.add_parser("status", help="exit 0 and describe it when it runs").set_defaults(run=_status)
    logs = commands.add_parser("logs", help="print the server's log")
    logs.add_argument("--follow", "-f", action="store_true")
    logs.set_defaults(run=_logs)
    serve = commands.add_parser("serve", help="run in the foreground")
    serve.add_argument("--control-plane-only", action="store_true", help="the API alone: no root, no Docker")
    serve.add_argument("--port", type=int, default=argparse.SUPPRESS)
    serve.add_argument("--verbose", action="store_true", help="log each request")
    serve.add_argument("--progress-to", type=int, metavar="FD", help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)
    build = commands.add_parser("build-image", help="build the image that instances are started from")
    build.add_argument(
        "--release",
        type=int,
        choices=RELEASES,
        default=RELEASES[0],
        help=f"of Debian; instances are started from {RELEASES[0]}",
    )
    build.add_argument("--force", action="store_true", help="build although nothing has changed")
    build.set_defaults(run=_build_image)
    return parser


def _say(line: str) -> None:
    print(f"localcloud: {line}", flush=True)


def _start(settings: Settings, _: argparse.Namespace) -> int:
    daemon.start(settings, _say)
    return 0


def _stop(settings: Settings, _: argparse.Namespace) -> int:
    from localcloud import lifetime, planes  # noqa: PLC0415  # heavy: moto comes with it

    lifetime.stop(settings, planes.PLANES, _say)
    return 0


def _status(settings: Settings, _: argparse.Namespace) -> int:
    state = daemon.health(settings)
    if state is None:
        print(
            f"localcloud does not answer on {settings.endpoint}. Start it with `python -m localcloud start`."
        )
        return 1
    print(json.dumps(state, indent=2))
    return 0 if state["status"] == "ok" else 1


def _logs(settings: Settings, options: argparse.Namespace) -> int:
    if not settings.paths.log_file.exists():
        raise LocalcloudError(
            f"Failed to read the log {settings.paths.log_file}: it does not exist.",
            "The log is kept from `start` to `stop`.",
        )
    follow = ["--follow"] if options.follow else []
    return subprocess.run(["tail", "--lines=+1", *follow, settings.paths.log_file], check=False).returncode


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from localcloud import lifetime, planes  # noqa: PLC0415  # heavy: moto comes with it

    configure(options.verbose)
    kinds = () if options.control_plane_only else planes.PLANES
    if options.progress_to is None:
        lifetime.serve(settings, kinds, _say, lambda: _say(f"answers on {settings.endpoint}"))
        return 0
    with os.fdopen(options.progress_to, "w") as pipe:
        lifetime.serve(settings, kinds, lambda line: print(line, file=pipe, flush=True), pipe.close)
    return 0


def _build_image(_: Settings, options: argparse.Namespace) -> int:
    from localcloud import docker_engine, hostimage  # noqa: PLC0415  # so that other commands start at once

    name = hostimage.tag(options.release)
    built = hostimage.ensure_image(
        docker_engine.connect(), _say, force=options.force, release=options.release
    )
    _say(f"built image {name}" if built else f"image {name} is up to date")
    return 0
