"""``airlift-release``: the agent's command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from . import run
from .config import DEFAULT_PATH, Config, load
from .errors import AirliftError, BusyError, GivenUpError

EXIT_FAILED, EXIT_BUSY = 1, 3


def main(arguments: list[str] | None = None) -> int:
    """Run one command. 0: as wanted, or nothing is released yet; 1: failed; 3: another one is at work."""
    options = _options(arguments)
    try:
        config = load(options.config)
        result, text = _apply(config, options) if options.command == "apply" else _status(config)
    except BusyError as error:
        if options.command == "apply" and options.scheduled:
            return 0
        return _failed(error, options.json, EXIT_BUSY)
    except (AirliftError, OSError) as error:
        return _failed(run.airlift_error(error), options.json, EXIT_FAILED)
    print(json.dumps(result, sort_keys=True) if options.json else text)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="airlift-release", description="Make this host serve what is released."
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, help="default: %(default)s")
    commands = parser.add_subparsers(dest="command", required=True)
    apply = commands.add_parser("apply", help="make the host serve the release; change nothing where it does")
    apply.add_argument(
        "--scheduled", action="store_true", help="leave a release alone for a while that keeps failing"
    )
    status = commands.add_parser("status", help="say how the last run went")
    for command in (apply, status):
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _apply(config: Config, options: argparse.Namespace) -> tuple[Mapping[str, object], str]:
    outcome = run.apply(config, options.scheduled, lambda line: print(line, file=sys.stderr, flush=True))
    return asdict(outcome), outcome.message


def _status(config: Config) -> tuple[Mapping[str, object], str]:
    status = run.status(config)
    if not status:
        return status, "Nothing has been applied yet."
    return status, str(status.get("error") or status.get("message"))


def _failed(error: AirliftError, as_json: bool, code: int) -> int:
    """Say it: the end of a candidate's log, and as the last line the sentence."""
    lines = list(error.lines) if isinstance(error, GivenUpError) else []
    for line in [*lines, str(error)]:
        print(line, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": str(error), "log": lines}))
    return code


if __name__ == "__main__":
    sys.exit(main())
