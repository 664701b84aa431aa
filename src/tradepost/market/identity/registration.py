"""Who may open an account, and which companies may apply to sell (decision 0106).

Both require published agreements, because a draft cannot be accepted. In addition, an operator opens or closes each
side, or restricts it to invitations. Accounts that an enterprise creates, by hand or by SCIM, cannot buy and are not
affected."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from . import market_invitations, opening
from .agreements import OF_SELLERS, Kind, unpublished
from .company_models import Agreement
from .first_agreements import FIRST
from .models import User
from .opening_models import Registration

OF_BUYERS = (Kind.BUYER, Kind.PRIVACY)
"""Agreements that must be published before accounts can be opened."""


class Access(StrEnum):
    """Whether a person can register."""

    OPEN = "open"
    NOT_YET = "not_yet"
    """The market has not published its agreements."""
    INVITED = "invited"
    """Only with an invitation, which this person does not have."""
    CLOSED = "closed"


def sign_up_access(*, invited: bool = False, now: datetime) -> Access:
    """Return whether a person can open an account. ``invited``: by an operator, an enterprise or a seller."""
    missing_kinds = unpublished(OF_BUYERS, now=now)
    if missing_kinds and not (missing_kinds == [Kind.PRIVACY] and _was_open_before()):
        return Access.NOT_YET
    return _access(opening.current().buyers, invited=invited)


def selling_access(user: User, *, now: datetime) -> Access:
    """Return whether the company of an account can apply to sell."""
    if unpublished(OF_SELLERS, now=now):
        return Access.NOT_YET
    mode = opening.current().sellers
    return _access(mode, invited=mode == Registration.INVITED and market_invitations.may_sell(user))


def _access(mode: str, *, invited: bool) -> Access:
    if mode == Registration.CLOSED:
        return Access.CLOSED
    return Access.INVITED if mode == Registration.INVITED and not invited else Access.OPEN


def _was_open_before() -> bool:
    """Return whether the market sold before privacy policies existed: it stays open until its operator publishes one.

    In a new market, operators published every version in force, so all are later than ``FIRST``."""
    return Agreement.objects.filter(kind=Kind.BUYER, published_at=FIRST).exists()


def check_may_apply_to_sell(user: User, *, now: datetime) -> None:
    """Raise ``Refused`` if this company cannot apply to sell."""
    access = selling_access(user, now=now)
    if access != Access.OPEN:
        raise Refused("enter.not_open", selling_refusal(access), HTTPStatus.FORBIDDEN)


def selling_refusal(access: Access) -> str:
    match access:
        case Access.NOT_YET:
            return _("This store does not accept sellers yet because it has not published its seller agreements.")
        case Access.INVITED:
            return _("Companies can apply to sell on this market only by invitation.")
        case _:
            return _("This market does not accept new sellers at the moment.")
