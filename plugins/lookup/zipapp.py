"""The lookup airlift.stack.zipapp."""

from __future__ import annotations

DOCUMENTATION = r"""
name: zipapp
short_description: A Python program as one executable file
version_added: 0.1.0
description:
  - Packs a Python package of the controller, with whatever its symbolic links lead to, into a zip archive
    that Python runs, and returns its path, for C(ansible.builtin.copy) to send. It lasts as long as the run.
  - The same sources give the same bytes on every controller, so a host that has them is left alone.
options:
  _terms:
    description: The package's directory.
    type: list
    elements: path
    required: true
  interpreter:
    description: The interpreter of the first line, with its options in one word.
    type: str
    default: /usr/bin/python3 -IB
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Install a program
  ansible.builtin.copy:
    src: "{{ lookup('airlift.stack.zipapp', role_path ~ '/files/gpu_guard') }}"
    dest: /usr/bin/airlift-gpu-guard
    mode: "0755"
"""

RETURN = r"""
_raw:
  description: The archives' paths.
  type: list
  elements: path
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

MAIN = "import sys\n\nfrom {package}.__main__ import main\n\nsys.exit(main())\n"
# The earliest that zip knows. The sources' own times differ from checkout to checkout.
TIME = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644


def archive(package: Path, interpreter: str) -> bytes:
    """Return the package as a program that calls its ``__main__.main()`` and exits with what that returns.

    Raises OSError where the sources cannot be read. Nothing is compressed: what zlib writes differs by
    version, and the host would have to unpack it at each start.
    """
    held = io.BytesIO(f"#!{interpreter}\n".encode())
    held.seek(0, os.SEEK_END)
    with zipfile.ZipFile(held, "a", zipfile.ZIP_STORED) as program:
        for name, content in (
            ("__main__.py", MAIN.format(package=package.name).encode()),
            *_sources(package),
        ):
            entry = zipfile.ZipInfo(name, TIME)
            entry.create_system, entry.external_attr = 3, FILE_MODE << 16
            program.writestr(entry, content)
    return held.getvalue()


def _sources(package: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the modules by their names in the archive, in order, through symbolic links."""
    folders = sorted(os.walk(package, followlinks=True, onerror=_raise))
    for folder, _, names in folders:
        for name in sorted(name for name in names if name.endswith(".py")):
            path = Path(folder, name)
            yield path.relative_to(package.parent).as_posix(), path.read_bytes()


def _raise(error: OSError) -> None:
    raise error


def packed(package: Path, interpreter: str, directory: Path) -> Path:
    """Write the archive into ``directory``, which hosts' processes share, and return its path.

    Raises AnsibleLookupError where there is no such package.
    """
    try:
        if not (package / "__main__.py").is_file():
            raise FileNotFoundError(f"{package / '__main__.py'} is not there")
        content = archive(package, interpreter)
        path = directory / f"{package.name}-{hashlib.sha256(content).hexdigest()[:16]}.pyz"
        if not path.exists():
            written = path.with_name(f".{path.name}.{os.getpid()}")
            written.write_bytes(content)
            written.replace(path)
    except OSError as error:
        raise AnsibleLookupError(
            f"Failed to pack the program {package.name}: {error}. Run from a complete checkout, "
            "or install the collection again."
        ) from error
    return path


class LookupModule(LookupBase):
    """Packs programs."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, object] | None = None, **kwargs: object
    ) -> list[str]:
        """Return the archives' paths."""
        self.set_options(var_options=variables, direct=kwargs)
        interpreter = str(self.get_option("interpreter"))
        # The run's own directory, which Ansible removes at its end.
        directory = Path(constants.DEFAULT_LOCAL_TMP)
        return [str(packed(Path(term), interpreter, directory)) for term in terms]
