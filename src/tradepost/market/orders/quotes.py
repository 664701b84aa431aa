"""Quotes: prices shown to one buyer and honoured for a limited time.

A quote travels in the form, signed, and is stored with the order that uses it, so displaying a page writes nothing. It
is valid until it expires or its inputs change. Then the order is refused with the old and new price
(``order.price_changed``).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User

from .models import Order, Quote
from .pricing import PricedChoice, as_stored

SALT = "tradepost.orders.quote"
MAX_TOKEN_LENGTH = 1024
"""Characters of a token; longer texts are rejected."""


class ShownQuote(Struct, frozen=True, kw_only=True):
    """A quote as the page showed it."""

    token: str
    """Unique identifier."""
    product_id: str
    quantity: int
    periods: int
    version: int
    total: Money
    terms: str
    made_at: datetime
    expires_at: datetime


class PriceChanged(Refused):
    """The quoted price ``before`` differs from the price ``now``, or the quote has expired."""

    def __init__(self, before: Money, now: Money, message: str) -> None:
        super().__init__("order.price_changed", message)
        self.before = before
        self.now = now


def terms_of(offer: Offer) -> str:
    """Return a digest of all inputs of the price, including prices of postpaid usage."""
    factors = [
        [f.code, f.model, str(f.price), f.bands, f.cycle, f.accumulation]
        for f in (offer.factors.filter(removed=False).order_by("code") if offer.charging.postpaid else ())
    ]
    inputs = [offer.currency, offer.model, offer.price_minor, offer.bands, f"{offer.quota.normalize():f}", factors]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:32]


def sign_quote(
    buyer: User, offer: Offer, priced: PricedChoice, *, version: int, now: datetime, lasts: timedelta, terms: str = ""
) -> str:
    """Return the signed quote for a form. ``version``: product version on sale. ``terms``: digest of the inputs, if the
    price does not depend on the offer alone."""
    plain_values = {
        "b": buyer.pk, "t": ids.hex_id(), "o": offer.product_id, "q": priced.quantity, "n": priced.periods,
        "v": version, "m": priced.total.minor, "c": priced.total.currency, "i": terms or terms_of(offer),
        "a": int(now.timestamp()), "e": int((now + lasts).timestamp()),
    }  # fmt: skip
    return signing.dumps(plain_values, salt=SALT)


def read_quote(buyer: User, text: str) -> ShownQuote | None:
    """Return the quote from a form; None if this market did not show it to this buyer."""
    if not text or len(text) > MAX_TOKEN_LENGTH:
        return None
    try:
        plain_values: dict[str, Any] = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    if plain_values["b"] != buyer.pk:
        return None
    return ShownQuote(
        token=plain_values["t"],
        product_id=plain_values["o"],
        quantity=plain_values["q"],
        periods=plain_values["n"],
        version=plain_values["v"],
        total=Money(plain_values["m"], plain_values["c"]),
        terms=plain_values["i"],
        made_at=datetime.fromtimestamp(plain_values["a"], UTC),
        expires_at=datetime.fromtimestamp(plain_values["e"], UTC),
    )


def check_quote(
    shown_quote: ShownQuote | None, offer: Offer, priced: PricedChoice, *, now: datetime, terms: str = ""
) -> ShownQuote:
    """Return the quote if it is valid for this choice. ``terms`` as in ``show``. Raises ``PriceChanged`` for another
    price or an expired quote, and ``Refused`` without a readable quote."""
    if shown_quote is None:
        raise Refused(
            "order.quote_unknown",
            _("The price quote on this page is no longer valid. Check the price and order again."),
        )
    quoted_choice = (shown_quote.product_id, shown_quote.quantity, shown_quote.periods)
    same_choice = quoted_choice == (offer.product_id, priced.quantity, priced.periods)
    prices = {"before": format_money(shown_quote.total), "now": format_money(priced.total)}
    if not same_choice or shown_quote.total != priced.total:
        message = _("The price changed from %(before)s to %(now)s: check it and order again.") % prices
        raise PriceChanged(shown_quote.total, priced.total, message)
    if shown_quote.terms != (terms or terms_of(offer)):
        message = (
            _("The price calculation has changed. The current price is %(now)s. Check it and order again.") % prices
        )
        raise PriceChanged(shown_quote.total, priced.total, message)
    if now >= shown_quote.expires_at:
        message = _("The price quote has expired. The price is still %(now)s. Order again to confirm.") % prices
        raise PriceChanged(shown_quote.total, priced.total, message)
    return shown_quote


def store_quote(shown_quote: ShownQuote, order: Order, offer: Offer, priced: PricedChoice, *, now: datetime) -> Quote:
    """Store a quote that an order used, with its price lines."""
    return Quote.objects.create(
        token=shown_quote.token,
        order=order,
        offer=offer,
        version_id=shown_quote.version,
        quantity=priced.quantity,
        periods=priced.periods,
        total_minor=shown_quote.total.minor,
        currency=shown_quote.total.currency,
        lines=as_stored(priced.lines),
        made_at=shown_quote.made_at,
        expires_at=shown_quote.expires_at,
        used_at=now,
    )
