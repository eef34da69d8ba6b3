"""Runs the module of this name and shows its progress meanwhile."""

from __future__ import annotations

from ..plugin_utils.progress_action import ProgressAction


class ActionModule(ProgressAction):
    """Documented with the module of its name."""
