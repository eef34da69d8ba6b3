"""Wanted and found resources, the plan between them, and the order of its steps. Pure."""
