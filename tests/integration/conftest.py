"""What the tests against the embedded AWS share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.loaders
import botocore.session
import moto.backends
import moto.core.responses
import pytest


@pytest.fixture(autouse=True, scope="session")
def services_are_read_once() -> Iterator[None]:
    """Have all sessions of a process share one loader, and moto remember what it looks up for each request.

    Reading the services' models is half of a run; moto lists its directory and a class's methods each time.
    """
    data_path = botocore.session.Session().get_config_variable("data_path")
    loader = botocore.loaders.create_loader(data_path)
    modules = tuple(moto.backends.list_of_moto_modules())

    def share(session: botocore.session.Session) -> None:
        session.register_component("data_loader", loader)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session.Session, "_register_data_loader", share)
        patch.setattr(moto.backends, "list_of_moto_modules", lambda: modules)
        patch.setattr(moto.core.responses, "method_names_from_class", _remembering())
        yield


def _remembering() -> Callable[[type], Any]:
    """Look a class's methods up once, and again where the embedded AWS has given it more."""
    look = moto.core.responses.method_names_from_class

    @cache
    def names(cls: type, _own: int) -> Any:
        return look(cls)

    return lambda cls: names(cls, len(vars(cls)))
