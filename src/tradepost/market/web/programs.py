"""Which addresses are for programs: decided by the first word of the path, before anything else of a request is looked at."""

from __future__ import annotations

PREFIXES = ("api", "rest", "v1.0")
"""``rest`` and ``v1.0`` are those of older editions of the usage push (openapi-jointkit §C.6)."""
_CALLS = tuple(f"/{prefix}/" for prefix in PREFIXES)


def is_call(path: str) -> bool:
    """Whether the address is one of an API, written as it should be."""
    return path.startswith(_CALLS)


def is_for_programs(path: str) -> bool:
    """The same, however many slashes a client put before or after the prefix."""
    return path.lstrip("/").partition("/")[0] in PREFIXES
