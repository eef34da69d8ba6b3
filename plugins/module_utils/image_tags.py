"""Tags of images that mean something."""

from __future__ import annotations

RELEASED = "released-"
"""How the tag begins that a release gives its image, by which the repository's lifecycle policy spares it."""
