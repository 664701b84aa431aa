"""Find the invitation that led to a sign-up, from the page to return to (``next``).

Invitations of operators, sellers and enterprises all count: an existing member vouches for the address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from tradepost.market.identity import market_invitations, members
from tradepost.market.identity.opening_models import MarketInvitation
from tradepost.market.organisations import invite

from .access import now_of

FINDERS: Mapping[str, Callable[[str, datetime], Any]] = {
    "web:market_invitation": lambda token, now: market_invitations.find_invitation(token, now=now),
    "seller_center:join": lambda token, now: members.find_invitation(token, now=now),
    "storefront:enterprise_join": lambda token, now: invite.find_invitation(token, now=now),
}


def invitation_of(request: HttpRequest) -> Any | None:
    """Return the invitation that can be accepted now, or None. Each kind has an ``email``."""
    next_url = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    try:
        match = resolve(urlsplit(next_url).path)
    except (Resolver404, ValueError):
        return None
    finder = FINDERS.get(match.view_name)
    return finder(match.kwargs["token"], now_of(request)) if finder is not None else None


def market_invitation_of(request: HttpRequest) -> MarketInvitation | None:
    """Return the invitation if an operator sent it, otherwise None."""
    invitation = invitation_of(request)
    return invitation if isinstance(invitation, MarketInvitation) else None
