"""A buyer's debt for usage and its consequences for services, for all pages that mention it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.billing import arrears
from tradepost.market.billing.models import Arrears
from tradepost.market.identity.models import User


class Debt(Struct, frozen=True):
    """A debt. ``arrears``: when services are frozen and deleted; None until the first unpaid charge is processed."""

    owed: Money
    arrears: Arrears | None


def find_debt(buyer: User) -> Debt | None:
    """Return the debt in the market's currency, or None if nothing is owed."""
    currency = config().currency
    owed = arrears.debt_of(buyer, currency)
    return Debt(owed, arrears.open_arrears(buyer, currency)) if owed.minor else None
