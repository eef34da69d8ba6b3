"""Hosts tested side by side: each on a worker of pytest-xdist of its own."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling


class ByHost(LoadScopeScheduling):
    """The tests of one host on one worker, in their order: they share what the host does."""

    def _split_scope(self, nodeid: str) -> str:
        host = re.search(r"://airlift-molecule-\w+-(\d+)", nodeid)
        assert host is not None, nodeid
        return host[1]
