"""Make what the scenario needs of the outside: a package in the vendor's layout, and two mirrors with it.

`good` is signed with the key whose fingerprint the host is told, `foreign` with another. With the argument
`gpu` the host also gets the signs of a GPU and of its guard.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = Path("/root/package")
HOME = PACKAGE / "opt/aws/amazon-cloudwatch-agent"
PROGRAMS = ("config-translator", "amazon-cloudwatch-agent", "start-amazon-cloudwatch-agent")
CONTROL = """Package: amazon-cloudwatch-agent
Architecture: amd64
Version: 1.300071.0b1-1
Maintainer: The Airlift authors
Description: A stand-in for the CloudWatch agent
"""


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(target: Path) -> None:
    for name in PROGRAMS:
        write(HOME / "bin" / name, (HERE / "stand_in.py").read_text(), 0o755)
    for name in ("logs", "var", "etc/amazon-cloudwatch-agent.d"):
        (HOME / name).mkdir(parents=True, exist_ok=True)
    write(HOME / "doc/schema.json", (HERE / "schema.json").read_text())
    write(HOME / "etc/common-config.toml", "")
    unit = (HERE / "stand-in.service").read_text()
    write(PACKAGE / "etc/systemd/system/amazon-cloudwatch-agent.service", unit)
    write(PACKAGE / "DEBIAN/preinst", (HERE / "preinst").read_text(), 0o755)
    write(PACKAGE / "DEBIAN/control", CONTROL)
    run("dpkg-deb", "--build", "--root-owner-group", str(PACKAGE), str(target))


def offer(name: str, package: Path) -> str:
    """Sign the package with a new key, offer both, and return the key's fingerprint."""
    user = f"{name}@airlift.test"
    mirror = Path("/srv") / name
    offered = mirror / "debian/amd64/latest/amazon-cloudwatch-agent.deb"
    offered.parent.mkdir(parents=True)
    shutil.copyfile(package, offered)
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", user, "rsa2048", "sign", "never")
    run("gpg", "--batch", "--local-user", user, "--output", f"{offered}.sig", "--detach-sign", str(offered))
    run("gpg", "--batch", "--armor", "--output", str(mirror / "key.asc"), "--export", user)
    listed = run("gpg", "--batch", "--with-colons", "--fingerprint", user).splitlines()
    return next(line.split(":")[9] for line in listed if line.startswith("fpr:"))


def main() -> None:
    package = Path("/root/amazon-cloudwatch-agent.deb")
    build(package)
    fingerprints = {name: offer(name, package) for name in ("good", "foreign")}
    fact = json.dumps({"fingerprint": fingerprints["good"]})
    write(Path("/etc/ansible/facts.d/cloudwatch.fact"), fact)
    shutil.copyfile(HERE / "publisher@.service", "/etc/systemd/system/publisher@.service")
    if "gpu" in sys.argv[1:]:
        write(Path("/opt/pci/0000:00:1e.0/vendor"), "0x10de\n")
        write(Path("/run/airlift/gpu_guard.prom"), "airlift_gpu_guard_exit_code 0\n")


if __name__ == "__main__":
    main()
