"""Who asks for an address of the market, and how a row of the table of all addresses says who may (``every_address``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Whose objects are asked for: buyer X bought from seller A. The others must not learn of it.
STRANGER, BUYER, OTHER_BUYER, OWNER, VIEWER, TRADER, OTHER_OWNER, OPERATOR = ROLES = (
    "stranger", "buyer X", "another buyer", "owner of A", "viewer of A", "trader of A", "owner of B", "operator",
)  # fmt: skip
"""The trader's group opens the menu trade, to read and to write, and nothing else."""
MEMBER = "member at the auth centre"
"""Whom no session of the market lets in: in no row, since the auth centre sends everybody else to its sign-in page."""
NOBODY: frozenset[str] = frozenset()
PERSONS = frozenset(ROLES) - {STRANGER}
ANYBODY = frozenset(ROLES)
A_MEMBERS = frozenset({OWNER, VIEWER})
"""Those who see all of A's menus."""
SELLERS = A_MEMBERS | {OTHER_OWNER}
A_TRADE, TRADE = A_MEMBERS | {TRADER}, SELLERS | {TRADER}
CHANGERS = frozenset({OWNER, OTHER_OWNER})
"""What these change is their own seller's, never A's for the owner of B."""


@dataclass(frozen=True, slots=True)
class Address:
    """``kwargs`` and ``data`` may name facts of the world (``{order}``). Who is not in ``get`` or ``post`` is refused."""

    kwargs: Mapping[str, str] = field(default_factory=dict)
    get: frozenset[str] = NOBODY
    post: frozenset[str] = NOBODY
    data: Mapping[str, str] = field(default_factory=dict)
    gateway: bool = False
    """Answers programs: a session opens nothing, and refusals are JSON."""


def pages(get: frozenset[str], **kwargs: str) -> Address:
    return Address(kwargs, get=get)
