"""The contact for questions about a product, order, service or invoice: the seller's hotline, mail and service hours
with their time zone (business-rules §2.3, §9).

The product's contact takes precedence over the company's. A page calls ``contact_of`` and includes
``web/parts/seller_contact.html``.
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
"""Matches service hours that mention a time zone."""


class SellerContact(Struct, frozen=True, kw_only=True):
    """A seller's contact. ``zone``: time zone of the hours, unless their text names it. ``about``: query string of the
    complaint page; "" in a preview."""

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
        """Return the service hours of a company as text. Equal times mean around the clock."""
        days = {5: _("Monday to Friday"), 6: _("Monday to Saturday"), 7: _("every day")}.get(self.days, "")
        if self.opens == self.closes:
            return _("%(days)s, around the clock") % {"days": days}
        return _("%(days)s, %(opens)s–%(closes)s") % {"days": days, "opens": self.opens, "closes": self.closes}


def contact_of(
    seller: Seller, product: Product | None = None, *, support: Support | None = None, order: str = "", service: int = 0
) -> SellerContact:
    """Return the contact. ``support``: from the document at hand, such as a draft; otherwise from the product's listed
    version. ``order`` (its number) or ``service`` (key of a subscription): the subject, if it is more specific than the
    product."""
    given_support = support or (support_of(product) if product is not None else Support())
    company = Company.objects.filter(seller=seller).only("service_days", "service_from", "service_until").first()
    without_hours = given_support.hours == NO_TEXT
    opens, closes = (company.service_from, company.service_until) if company and without_hours else ("", "")
    return SellerContact(
        seller=seller,
        hotline=given_support.phone or (product.contact_phone if product else "") or seller.contact_phone,
        mail=given_support.email or (product.contact_email if product else "") or seller.contact_email,
        hours=given_support.hours,
        days=company.service_days if company and without_hours else 0,
        opens=opens,
        closes=closes,
        zone="" if _says_zone(given_support.hours) else _zone_now(),
        content=given_support.content,
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
    """Return whether the hours name their time zone in every language given."""
    texts = [words for words in (hours.zh, hours.en) if words]
    return bool(texts) and all(_ZONED.search(words) for words in texts)


def _zone_now() -> str:
    """Return the market's time zone."""
    return zone_name(timezone.localtime())
