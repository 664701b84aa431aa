"""Whom a buyer asks about a product, an order, a service or an invoice: the seller's hotline, mail and service hours with the
zone in which they count (business-rules §2.3, §9), and whom when nobody answers.

What the product says counts; where it is silent, what the seller said of its company. A page gets it by ``contact_of`` and shows
it with ``web/parts/seller_contact.html``.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.catalog.document import NO_TEXT, Support
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import support_of
from tradepost.market.identity.company_models import Company
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.facts import zone_name
from tradepost.protocols.text import Text

_ZONED = re.compile(r"UTC|GMT|时区|時區|时间[）)]|北京时间|time zone|\b[A-Z]{2,4}T\b|\btime\b", re.IGNORECASE)
"""What a seller writes who says in which zone the hours count."""


class SellerContact(Struct, frozen=True, kw_only=True):
    """``zone``: in which the hours count, where their own words do not say it. ``about``: what a complaint would be about, as the
    query of its page; empty in a preview."""

    seller: Seller
    hotline: str
    mail: str
    hours: Text
    days: int
    opens: str
    closes: str
    zone: str
    content: Text
    about: str

    @property
    def has_hours(self) -> bool:
        return self.hours != NO_TEXT or bool(self.opens)

    @property
    def service_time(self) -> str:
        """The hours of a company's service desk in words; the same time twice means around the clock."""
        days = {5: _("Monday to Friday"), 6: _("Monday to Saturday"), 7: _("every day")}.get(self.days, "")
        if self.opens == self.closes:
            return _("%(days)s, around the clock") % {"days": days}
        return _("%(days)s, %(opens)s–%(closes)s") % {"days": days, "opens": self.opens, "closes": self.closes}


def contact_of(
    seller: Seller, product: Product | None = None, *, support: Support | None = None, order: str = "", service: int = 0
) -> SellerContact:
    """``support``: that of a document at hand, such as a draft's; else that of the product's listed version is read. ``order``
    (its number) or ``service`` (the key of a subscription): what it is asked about, where it is more than the product."""
    said = support or (support_of(product) if product is not None else Support())
    company = Company.objects.filter(seller=seller).only("service_days", "service_from", "service_until").first()
    silent = said.hours == NO_TEXT
    opens, closes = (company.service_from, company.service_until) if company and silent else ("", "")
    return SellerContact(
        seller=seller,
        hotline=said.phone or (product.contact_phone if product else "") or seller.contact_phone,
        mail=said.email or (product.contact_email if product else "") or seller.contact_email,
        hours=said.hours,
        days=company.service_days if company and silent else 0,
        opens=opens,
        closes=closes,
        zone="" if _says_zone(said.hours) else _zone_now(),
        content=said.content,
        about="" if support is not None and product is None else _about(seller, product, order, service),
    )


def _about(seller: Seller, product: Product | None, order: str, service: int) -> str:
    if order:
        return urlencode({"order": order} | ({"product": product.slug} if product else {}))
    if service:
        return urlencode({"service": service})
    if product is not None:
        return urlencode({"product": product.slug})
    return urlencode({"seller": seller.slug})


def _says_zone(hours: Text) -> bool:
    """Whether both languages of it say in which zone they count; nothing is said where nothing is."""
    written = [words for words in (hours.zh, hours.en) if words]
    return bool(written) and all(_ZONED.search(words) for words in written)


def _zone_now() -> str:
    """The market's zone."""
    return zone_name(timezone.localtime())
