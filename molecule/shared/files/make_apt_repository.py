"""Makes a signed package repository of small packages, and a key that has signed nothing.

Reads its packages from a JSON file: [{"name", "versions", "depends", "files": {path: text}}]. @VERSION@ in a
path or a text is the version; a text that begins with #! becomes a program. Their revision is 1. Leaves
key.asc, foreign.asc and fingerprint beside the packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command: str, directory: Path | None = None) -> str:
    """Run a command that has to succeed."""
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


def build(package: dict[str, object], version: str, target: Path) -> None:
    """Make one package of one version."""
    with tempfile.TemporaryDirectory() as name:
        root, files = Path(name), package["files"]
        assert isinstance(files, dict)
        root.chmod(0o755)
        control = {
            "Package": package["name"],
            "Version": f"{version}-1",
            "Architecture": "all",
            "Depends": package.get("depends", ""),
            "Maintainer": "Nobody <nobody@example.invalid>",
            "Description": "Stands in for the package of this name",
        }
        text = "".join(f"{field}: {value}\n" for field, value in control.items() if value)
        for path, content in {"/DEBIAN/control": text, **files}.items():
            file = root / path.lstrip("/").replace("@VERSION@", version)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content.replace("@VERSION@", version))
            file.chmod(0o755 if content.startswith("#!") else 0o644)
        run("dpkg-deb", "--build", "--root-owner-group", name, str(target))


def make_key(owner: str) -> str:
    """Make a key and return its fingerprint."""
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", owner, "ed25519", "sign", "never")
    listed = run("gpg", "--batch", "--with-colons", "--list-keys", owner)
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


def main() -> None:
    """Make what the JSON file says in the directory."""
    packages, directory = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    for package in packages:
        for version in package["versions"]:
            build(package, version, directory)
    (directory / "Packages").write_text(run("apt-ftparchive", "packages", ".", directory=directory))
    (directory / "Release").write_text(run("apt-ftparchive", "release", ".", directory=directory))
    with tempfile.TemporaryDirectory() as home:
        os.environ["GNUPGHOME"] = home
        own, foreign = (
            make_key("Repository <own@example.invalid>"),
            make_key("Somebody <else@example.invalid>"),
        )
        signed = ("--local-user", own, "--clearsign", "--output", "InRelease", "Release")
        run("gpg", "--batch", "--yes", *signed, directory=directory)
        (directory / "key.asc").write_text(run("gpg", "--armor", "--export", own))
        (directory / "foreign.asc").write_text(run("gpg", "--armor", "--export", foreign))
        (directory / "fingerprint").write_text(f"{own}\n")
        run("gpgconf", "--kill", "all")


if __name__ == "__main__":
    main()
