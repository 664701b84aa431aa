"""Types that describe an act which may need approval. ``web/approved_acts`` lists the acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import Role

DECIDED_BY_OWNERS = frozenset({"approval_limit", "account_role", "operator_invite"})
"""Acts that owners alone decide about. Finance operators and owners decide about the others, all of which move money."""


def deciders_of(act: str) -> frozenset[str]:
    """Return the roles that decide about requests for this act."""
    return frozenset({Role.OWNER}) if act in DECIDED_BY_OWNERS else frozenset({Role.OWNER, Role.FINANCE})


class Concern(Struct, frozen=True, kw_only=True):
    """The object and the money that an act concerns.

    ``users`` and ``seller``: whose money the act moves, at most two users and one seller. ``key`` identifies the
    object, so that the same act is not requested twice. ``always``: the act needs approval at any amount.
    """

    about: str
    key: str
    amount: Money | None = None
    users: Sequence[int] = ()
    seller: int | None = None
    always: bool = False


class Act(Struct, frozen=True, kw_only=True):
    """An act of an operator that may need approval.

    ``title``: an English message, translated on display. ``command``: a frozen value, stored until the act is approved.
    ``run`` executes the act in the name of the requester and raises ``Refused`` if the act is no longer possible.
    """

    name: str
    title: str
    command: type
    concern: Callable[[Any], Concern]
    run: Callable[[Any, User, datetime], object]
    reason: Callable[[Any], str]
    """The reason that the requester entered; empty if the form has no such field."""
