"""What a buyer owes for usage, and what happens to the services until it is paid: the same on every page that mentions it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.billing import arrears
from tradepost.market.billing.models import Arrears
from tradepost.market.identity.models import User


class Debt(Struct, frozen=True):
    """``arrears``: when services are frozen and deleted; None until the first unpaid charge was processed."""

    owed: Money
    arrears: Arrears | None


def debt_of(buyer: User) -> Debt | None:
    """Return the debt in the market's currency, or None if nothing is owed."""
    currency = config().currency
    owed = arrears.owed(buyer, currency)
    return Debt(owed, arrears.standing(buyer, currency)) if owed.minor else None
