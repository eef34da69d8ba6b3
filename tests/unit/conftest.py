"""What several of the unit tests need."""

import pytest
from ansible.plugins.loader import init_plugin_loader


@pytest.fixture(scope="session")
def ansible_plugins() -> None:
    """Have Ansible find its own plugins, as ansible-playbook does first. It may be told once."""
    init_plugin_loader()
