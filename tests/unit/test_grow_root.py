"""The host's disk that has grown: what grow_root.sh asks of which program, and what it says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "roles/host_baseline/files/grow_root.sh"


class Host:
    """A directory of programs that write down how they are called, and a disk with one partition."""

    def __init__(self, root: Path, room: int, filesystem: str = "ext4", partition: bool = True) -> None:
        self.root, self.log = root, root / "log"
        self.log.touch()
        (root / "bin").mkdir()
        disk = root / "sys/devices/nvme0n1/nvme0n1p1"
        disk.mkdir(parents=True)
        if partition:
            (disk / "partition").write_text("1\n")
        (root / "sys/class/block").mkdir(parents=True)
        (root / "sys/class/block/nvme0n1p1").symlink_to(disk)
        (root / "blocks").write_text("100")
        self.program("findmnt", f'case "$*" in *SOURCE*) echo /dev/nvme0n1p1;; *) echo {filesystem};; esac')
        self.program("growpart", f'echo "growpart $*" >>{self.log}; case $1 in --dry-run) exit {room};; esac')
        for name in ("resize2fs", "xfs_growfs"):
            self.program(
                name, f'echo "{name} $*" >>{self.log}; if [ {room} = 0 ]; then echo 200 >{root}/blocks; fi'
            )
        self.program("stat", f"cat {root}/blocks")

    def program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run(self, **environment: str) -> tuple[int, str]:
        path = f"{self.root}/bin:/usr/bin:/bin"
        done = subprocess.run(
            ["sh", str(SCRIPT)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": path, "SYSFS": f"{self.root}/sys", **environment},
        )
        return done.returncode, done.stdout

    def called(self) -> list[str]:
        return self.log.read_text().splitlines()


DRY = "growpart --dry-run /dev/nvme0n1 1"
GROW = "growpart /dev/nvme0n1 1"


@pytest.mark.parametrize(
    ("filesystem", "grows"), [("ext4", "resize2fs /dev/nvme0n1p1"), ("xfs", "xfs_growfs /")]
)
def test_partition_and_file_system_grow(tmp_path: Path, filesystem: str, grows: str) -> None:
    host = Host(tmp_path, room=0, filesystem=filesystem)
    assert host.run() == (0, "grown\n")
    assert host.called() == [DRY, GROW, grows]


def test_what_has_grown_already_is_no_change(tmp_path: Path) -> None:
    """The file system is asked to all the same: a run may have been cut off after the partition."""
    host = Host(tmp_path, room=1)
    assert host.run() == (0, "")
    assert host.called() == [DRY, "resize2fs /dev/nvme0n1p1"]


@pytest.mark.parametrize(("room", "says"), [(0, "grown\n"), (1, "")])
def test_check_mode_only_says_so(tmp_path: Path, room: int, says: str) -> None:
    host = Host(tmp_path, room)
    assert host.run(DRY_RUN="1") == (0, says)
    assert host.called() == [DRY]


def test_a_disk_without_partitions_is_left_alone(tmp_path: Path) -> None:
    host = Host(tmp_path, room=0, partition=False)
    assert host.run() == (0, "")
    assert host.called() == []


@pytest.mark.parametrize("program", ["growpart", "resize2fs"])
def test_what_fails_fails(tmp_path: Path, program: str) -> None:
    host = Host(tmp_path, room=0)
    host.program(program, "exit 2")
    assert host.run()[0] != 0
