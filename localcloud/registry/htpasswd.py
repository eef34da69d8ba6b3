"""A line of an htpasswd file in bcrypt, the one scheme that docker-registry takes.

The machine's libcrypt makes it (libxcrypt on Debian and Ubuntu), so neither a package nor a program that
takes passwords as arguments is needed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import threading

from localcloud.errors import LocalcloudError

COST = 5
"""The least there is: the password is random, and each request to the registry is checked against it."""
_lock = threading.Lock()  # crypt() keeps its result in static memory


def library_name() -> str | None:
    """Name of the shared library, or None where there is none."""
    return ctypes.util.find_library("crypt")


def entry(user: str, password: str) -> str:
    """`user:hash`. Raises LocalcloudError where libcrypt lacks bcrypt."""
    name = library_name()
    hashed = None
    if name is not None:
        library = ctypes.CDLL(name)
        library.crypt_gensalt.restype = ctypes.c_char_p
        library.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
        library.crypt.restype = ctypes.c_char_p
        library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        with _lock:
            hashed = library.crypt(password.encode(), library.crypt_gensalt(b"$2b$", COST, None, 0))
    if not hashed or not hashed.startswith(b"$2b$"):
        raise LocalcloudError(
            "Failed to hash the registry's password: this machine's libcrypt knows no bcrypt.",
            "Install libcrypt1 (libxcrypt).",
        )
    return f"{user}:{hashed.decode()}"
