"""A quote: what a choice costs, shown to one buyer and kept to for a while.

A page that is only read writes nothing, so a quote travels in the form, signed, and becomes a row in the transaction of the
order that uses it. It stands until it expires or what it was computed from changes: then the buyer is told the old and the new
price and asked again (``order.price_changed``), and nothing was ordered.
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
from tradepost.market.base.money_words import in_words
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User

from .models import Order, Quote
from .pricing import Priced, as_stored

SALT = "tradepost.orders.quote"
LONGEST = 1024
"""Characters of a token: what is longer is not one."""


class Shown(Struct, frozen=True, kw_only=True):
    """A quote as it was shown."""

    token: str
    """Names it; never given twice."""
    product_id: str
    quantity: int
    periods: int
    version: int
    total: Money
    terms: str
    made_at: datetime
    expires_at: datetime


class PriceChanged(Refused):
    """``before`` was quoted; ``now`` is what it costs. They may be the same when the quote is only too old."""

    def __init__(self, before: Money, now: Money, message: str) -> None:
        super().__init__("order.price_changed", message)
        self.before = before
        self.now = now


def terms_of(offer: Offer) -> str:
    """A digest of everything that prices are computed from, usage that is paid afterwards too."""
    factors = [
        [f.code, f.model, str(f.price), f.bands, f.cycle, f.accumulation]
        for f in (offer.factors.filter(removed=False).order_by("code") if offer.charging.postpaid else ())
    ]
    inputs = [offer.currency, offer.model, offer.price_minor, offer.bands, f"{offer.quota.normalize():f}", factors]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:32]


def show(
    buyer: User, offer: Offer, priced: Priced, *, version: int, now: datetime, lasts: timedelta, terms: str = ""
) -> str:
    """The text for a form that brings the quote back. ``version``: of the product, as it is sold now. ``terms``: a digest of
    what the price is computed from, where that is not the offer alone."""
    plain = {
        "b": buyer.pk, "t": ids.hex_id(), "o": offer.product_id, "q": priced.quantity, "n": priced.periods,
        "v": version, "m": priced.total.minor, "c": priced.total.currency, "i": terms or terms_of(offer),
        "a": int(now.timestamp()), "e": int((now + lasts).timestamp()),
    }  # fmt: skip
    return signing.dumps(plain, salt=SALT)


def read(buyer: User, text: str) -> Shown | None:
    """The quote in a form; None for what was not shown to this buyer by this market."""
    if not text or len(text) > LONGEST:
        return None
    try:
        plain: dict[str, Any] = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    if plain["b"] != buyer.pk:
        return None
    return Shown(
        token=plain["t"],
        product_id=plain["o"],
        quantity=plain["q"],
        periods=plain["n"],
        version=plain["v"],
        total=Money(plain["m"], plain["c"]),
        terms=plain["i"],
        made_at=datetime.fromtimestamp(plain["a"], UTC),
        expires_at=datetime.fromtimestamp(plain["e"], UTC),
    )


def check(shown: Shown | None, offer: Offer, priced: Priced, *, now: datetime, terms: str = "") -> Shown:
    """The quote, when it is about this very choice and stands. ``terms`` as for ``show``. Raises ``PriceChanged``, and
    ``Refused`` for what was never quoted."""
    if shown is None:
        raise Refused(
            "order.quote_unknown", _("The price shown here cannot be read any more: check it and order again.")
        )
    about = (shown.product_id, shown.quantity, shown.periods)
    same_choice = about == (offer.product_id, priced.quantity, priced.periods)
    said = {"before": in_words(shown.total), "now": in_words(priced.total)}
    if not same_choice or shown.total != priced.total:
        words = _("The price changed from %(before)s to %(now)s: check it and order again.") % said
        raise PriceChanged(shown.total, priced.total, words)
    if shown.terms != (terms or terms_of(offer)):
        words = (
            _("The price is computed in another way now, though it is %(now)s here: check it and order again.") % said
        )
        raise PriceChanged(shown.total, priced.total, words)
    if now >= shown.expires_at:
        words = _("The price was shown too long ago. It is still %(now)s: order again to confirm.") % said
        raise PriceChanged(shown.total, priced.total, words)
    return shown


def keep(shown: Shown, order: Order, offer: Offer, priced: Priced, *, now: datetime) -> Quote:
    """The row of a quote that an order used, with the lines of its price."""
    return Quote.objects.create(
        token=shown.token,
        order=order,
        offer=offer,
        version_id=shown.version,
        quantity=priced.quantity,
        periods=priced.periods,
        total_minor=shown.total.minor,
        currency=shown.total.currency,
        lines=as_stored(priced.lines),
        made_at=shown.made_at,
        expires_at=shown.expires_at,
        used_at=now,
    )
