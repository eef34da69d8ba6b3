"""What huggingface_hub raises, each as one sentence and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DeliveryError

_REFUSED = {401, 403}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def worded(text: str, endpoint: str) -> Iterator[None]:
    """Raise the library's errors as DeliveryError. ``text`` names the source, ``endpoint`` the hub."""
    from httpx2 import HTTPError  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import XetDownloadError  # noqa: PLC0415

    try:
        yield
    except (OSError, ValueError, RuntimeError, HTTPError, XetDownloadError) as error:
        raise DeliveryError(*_explained(error, text, endpoint)) from error


def is_offline() -> bool:
    """Return whether HF_HUB_OFFLINE is set, as the library reads it: once, when it is imported."""
    from huggingface_hub import is_offline_mode  # noqa: PLC0415 - slow to import

    return is_offline_mode()


def _explained(error: Exception, text: str, endpoint: str) -> tuple[str, str]:
    """Return what failed and what to do. A gated repository is one not found, too: the order counts."""
    from huggingface_hub import errors as hub  # noqa: PLC0415 - slow to import

    repository = text.removeprefix("hf:").partition("@")[0]
    room = "Make room, or set airlift_state_directory to a larger disk."
    match error:
        case hub.GatedRepoError():
            why = "it is gated, and these credentials may not read it"
            remedy = (
                f"Accept its licence at {endpoint}/{repository}, then set HF_TOKEN to that account's token."
            )
        case hub.RepositoryNotFoundError():
            why = f"there is no model at {endpoint}/{repository}, or it is private"
            remedy = "Correct airlift_model.source, or set HF_TOKEN to a token that may read it."
        case hub.RevisionNotFoundError():
            why = "the repository has no such revision"
            remedy = "Correct it in airlift_model.source: a commit, a branch or a tag."
        case hub.RemoteEntryNotFoundError():
            why, remedy = "the repository has no such file", "Correct airlift_model.source."
        case hub.HfHubHTTPError() if error.response.status_code in _REFUSED:
            why = f"{endpoint} refused the token ({error.response.status_code})"
            remedy = "Set HF_TOKEN to a token that may read it, or unset it."
        case OSError() if error.errno in _DISK_FULL:
            why, remedy = "the disk is full", room
        case hub.OfflineModeIsEnabled() | hub.LocalEntryNotFoundError() if is_offline():
            why, remedy = (
                "HF_HUB_OFFLINE is set, and not all of it is on this machine",
                "Unset HF_HUB_OFFLINE.",
            )
        case _:
            # Without what follows the question mark: a signed address is a key for a while.
            words = re.sub(r"(https?://[^\s'\"?]+)\?[^\s'\"]*", r"\1?…", str(error.__cause__ or error))
            why = " ".join(words.split()).rstrip(".")
            remedy = f"Check the network, the proxy and HF_ENDPOINT ({endpoint}), then run it again."
    return f"Failed to read model {text}: {why}.", remedy
