#!/usr/bin/python3
"""A stand-in for Amazon's CloudWatch agent, of which only the vendor has the package.

It is installed under the agent's own names, and does under each what the role relies on.
`config-translator` refuses a configuration that is not JSON of the agent's shape.
`amazon-cloudwatch-agent -schematest` reads what was translated.
`start-amazon-cloudwatch-agent` translates anew, gives the configuration to the user it names, and becomes the
agent, which listens for segments and traces and scrapes what publishes figures.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import yaml

HOME = Path("/opt/aws/amazon-cloudwatch-agent")
TOML = HOME / "etc/amazon-cloudwatch-agent.toml"
SCRAPED = HOME / "var/scraped.json"
SEGMENTS = HOME / "var/segments.jsonl"


def translate(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("input", "input-dir", "output", "mode", "multi-config", "config"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args(arguments)
    files = sorted(Path(given.input_dir).iterdir())
    if not files:
        print("No json config files found")
        return 99
    schema = json.loads((HOME / "doc/schema.json").read_text())
    merged: dict[str, Any] = {}
    for file in files:
        try:
            merged |= json.loads(file.read_text())
            jsonschema.validate(merged, schema)
        except (ValueError, jsonschema.ValidationError) as error:
            print(f"E! Invalid Json input schema. {error}")
            return 1
    Path(given.output).write_text(f"configuration = {json.dumps(json.dumps(merged))}\n")
    return 0


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tomllib.loads(path.read_text())["configuration"])
    return found


def start() -> None:
    command = [HOME / "bin/config-translator", "--input", HOME / "etc/amazon-cloudwatch-agent.json"]
    command += ["--input-dir", HOME / "etc/amazon-cloudwatch-agent.d", "--output", TOML]
    subprocess.run([*command, "--mode", "auto", "--multi-config", "remove"], check=True)
    user = pwd.getpwnam(read(TOML)["agent"]["run_as_user"])
    for directory in ("etc", "var", "logs"):
        for path in [HOME / directory, *(HOME / directory).rglob("*")]:
            shutil.chown(path, user.pw_uid, user.pw_gid)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    agent = str(HOME / "bin/amazon-cloudwatch-agent")
    os.execv(agent, [agent, "-config", str(TOML)])


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def segments(where: str) -> None:
    """Take X-Ray's datagrams: a line that names the format, and the document."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(address(where))
        while True:
            head, _, document = listener.recv(65536).partition(b"\n")
            if json.loads(head) == {"format": "json", "version": 1}:
                with SEGMENTS.open("a") as file:
                    file.write(json.dumps(json.loads(document)) + "\n")


def scrape(path: Path) -> None:
    jobs = yaml.safe_load(path.read_text())["scrape_configs"]
    while True:
        found: dict[str, list[str]] = {}
        for job in jobs:
            for target in (target for group in job["static_configs"] for target in group["targets"]):
                try:
                    with urllib.request.urlopen(f"http://{target}/metrics", timeout=5) as answer:
                        lines = answer.read().decode().splitlines()
                except OSError:
                    continue
                found.setdefault(job["job_name"], []).extend(line for line in lines if line[:1] != "#")
        fresh = SCRAPED.with_suffix(".new")
        fresh.write_text(json.dumps(found))
        fresh.replace(SCRAPED)
        time.sleep(1)


def run(configuration: dict[str, Any]) -> None:
    traces = configuration["traces"]["traces_collected"]
    threading.Thread(target=segments, args=[traces["xray"]["bind_address"]], daemon=True).start()
    endpoints = [traces["xray"]["tcp_proxy"]["bind_address"], *traces["otlp"].values()]
    for where in endpoints:
        server = http.server.HTTPServer(address(where), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    prometheus = configuration["logs"]["metrics_collected"]["prometheus"]
    scrape(Path(prometheus["prometheus_config_path"]))


def main() -> int:
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    if name == "config-translator":
        return translate(arguments)
    if name == "start-amazon-cloudwatch-agent":
        start()
    path = Path(arguments[arguments.index("-config") + 1])
    configuration = read(path)
    if "-schematest" not in arguments:
        run(configuration)
    return 0


if __name__ == "__main__":
    sys.exit(main())
