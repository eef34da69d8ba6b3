"""Runs the module of this name and shows what it notes meanwhile."""

from __future__ import annotations

from ..plugin_utils.followed import FollowedModule


class ActionModule(FollowedModule):
    """Documented with the module of its name."""
