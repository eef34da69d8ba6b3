"""airlift-gpu-guard: see --help."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gpu_guard import report
from gpu_guard.checks import CODES, findings
from gpu_guard.host import Host

EPILOG = "Exit codes: 0 well, or no GPU; 1 the guard itself failed; 2 wrong options; " + "; ".join(
    f"{code} {kind}" for kind, code in CODES.items()
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, say it on one line, and return the exit code."""
    parser = argparse.ArgumentParser(
        "airlift-gpu-guard", description="Says whether this host's GPUs can be used.", epilog=EPILOG
    )
    parser.add_argument("--kernel-root", type=Path, default=Path("/"), help="where proc, sys and dev are")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where all else is")
    parser.add_argument("--metrics", type=Path, help="write Prometheus' text format to this file")
    parser.add_argument("--timeout-seconds", type=float, default=20.0, help="for each program asked")
    options = parser.parse_args(arguments)
    try:
        facts = Host(options.kernel_root, options.root, options.timeout_seconds).facts()
        found = findings(facts)
        if options.metrics is not None:
            report.write(options.metrics, report.metrics(facts, found, int(time.time())))
    except OSError as error:
        print(
            json.dumps({"status": "failed", "exit_code": 1, "error": f"Failed to look at the GPUs: {error}"})
        )
        return 1
    print(report.line(facts, found))
    return report.exit_code(found)


if __name__ == "__main__":
    sys.exit(main())
