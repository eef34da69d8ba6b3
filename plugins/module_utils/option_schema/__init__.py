"""An option is written once, as a field of a dataclass; its checks, its spec and its documentation follow."""
