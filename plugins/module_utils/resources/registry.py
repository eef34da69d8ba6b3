"""All kinds of resources, by their names in the blueprint. A new kind is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping

from .kind import Kind

KINDS: Mapping[str, Kind] = {}
