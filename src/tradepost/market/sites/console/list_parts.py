"""Columns and filters that several lists of the console share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.settlement.debt import debt_of_seller
from tradepost.market.settlement.rules import policy_of
from tradepost.market.web.pages import Column, Filter, choice, page_link

LAYOUT = "console/layout.html"


def seller_column(path: str = "seller") -> Column[Any]:
    """Return a column of sellers by name, linked to their page. ``path``: from the row to the seller."""
    return page_link(_("Seller"), f"{path}:name", "console:seller", f"{path}.pk", css="c-cell", labelled=True)


def buyer_column(path: str = "buyer") -> Column[Any]:
    """Return a column of buyers by email address, linked to their account."""
    return page_link(_("Buyer"), f"{path}.email", "console:account", f"{path}.pk", css="c-cell", labelled=True)


def debt_to_market(owing: Seller, currency: str) -> Money:
    """Return a seller's debt to the market after refunds (business-rules §8.2)."""
    return debt_of_seller(owing, currency, policy_of(config().settlement))


def seller_filter() -> Filter:
    return choice(
        "seller",
        _("Seller"),
        lambda _request: [
            (str(seller_column.pk), localised_name(seller_column, "name")) for seller_column in sellers_for_filter()
        ],
    )
