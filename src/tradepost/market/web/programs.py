"""Tell requests of programs from those of people, by the first segment of the path."""

from __future__ import annotations

PREFIXES = ("api", "rest", "v1.0")
"""``rest`` and ``v1.0`` belong to older editions of the usage push (openapi-jointkit §C.6)."""
_CALLS = tuple(f"/{prefix}/" for prefix in PREFIXES)


def is_call(path: str) -> bool:
    """Return whether the path belongs to an API, in its exact spelling."""
    return path.startswith(_CALLS)


def is_for_programs(path: str) -> bool:
    """Return the same with any number of slashes before or after the prefix."""
    return path.lstrip("/").partition("/")[0] in PREFIXES
