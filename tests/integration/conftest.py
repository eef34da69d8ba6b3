"""What the tests against the embedded AWS share."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.loaders
import botocore.session
import pytest


@pytest.fixture(autouse=True, scope="session")
def services_are_read_once() -> Iterator[None]:
    """Have all sessions of a process share one loader: reading the services' models is half of a run."""
    data_path = botocore.session.Session().get_config_variable("data_path")
    loader = botocore.loaders.create_loader(data_path)

    def share(session: botocore.session.Session) -> None:
        session.register_component("data_loader", loader)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session.Session, "_register_data_loader", share)
        yield
