"""Roles that request an address of the market, and the row of ``every_address`` that lists the permitted roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The objects belong to buyer X, who bought from seller A. Other roles must not learn of them.
STRANGER, BUYER, OTHER_BUYER, OWNER, VIEWER, TRADER, OTHER_OWNER, OPERATOR = ROLES = (
    "stranger", "buyer X", "another buyer", "owner of A", "viewer of A", "trader of A", "owner of B", "operator",
)  # fmt: skip
"""The trader's group has only the menu trade, to read and to write."""
MEMBER = "member at the auth centre"
"""Has no session of the market and is in no row, since the auth centre sends everyone else to its sign-in page."""
NOBODY: frozenset[str] = frozenset()
PERSONS = frozenset(ROLES) - {STRANGER}
ANYBODY = frozenset(ROLES)
A_MEMBERS = frozenset({OWNER, VIEWER})
"""Roles that see all of A's menus."""
SELLERS = A_MEMBERS | {OTHER_OWNER}
A_TRADE, TRADE = A_MEMBERS | {TRADER}, SELLERS | {TRADER}
CHANGERS = frozenset({OWNER, OTHER_OWNER})
"""They change objects of their own seller; the owner of B never changes those of A."""


@dataclass(frozen=True, slots=True)
class Address:
    """``kwargs`` and ``data`` may name facts of the world (``{order}``). Roles outside of ``get`` or ``post`` are
    refused.
    """

    kwargs: Mapping[str, str] = field(default_factory=dict)
    get: frozenset[str] = NOBODY
    post: frozenset[str] = NOBODY
    data: Mapping[str, str] = field(default_factory=dict)
    gateway: bool = False
    """Called by programs: a session opens nothing, and refusals are JSON."""


def pages(get: frozenset[str], **kwargs: str) -> Address:
    return Address(kwargs, get=get)
