"""The agreements that a buyer accepts with an order, in the versions that the page showed (business-rules §1.5, §4.2).

Every order that a buyer places by hand stores the buyer agreement and the product service agreement on its line. An automatic
renewal and a repurchase continue under what was accepted before and store none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db.models import F
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.document import NO_TEXT, load
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity import agreements as identity
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import User
from tradepost.protocols.text import Text

from .models import Order, OrderLine


class Agreements(Struct, frozen=True, kw_only=True):
    """What applies to an order of ``product`` now. ``terms``: what its seller adds to the service agreement; ``version``: key
    of the product's version that holds them; ``pay_minutes``: the time to pay that the buyer agreement names."""

    product: Product
    buyer: Agreement
    service: Agreement
    version: int
    terms: Text
    pay_minutes: int

    @property
    def stamp(self) -> str:
        """Identifies the shown texts in a form."""
        terms = hashlib.sha256(f"{self.terms.zh}\0{self.terms.en}".encode()).hexdigest()[:16] if self.has_terms else ""
        return f"{self.buyer.number}.{self.pay_minutes}/{self.service.number}/{terms}"

    @property
    def has_terms(self) -> bool:
        return self.terms != NO_TEXT


def offered(product: Product, *, pay_within: timedelta, now: datetime) -> Agreements:
    return offered_many([product], pay_within=pay_within, now=now)[product.pk]


def offered_many(products: Collection[Product], *, pay_within: timedelta, now: datetime) -> dict[int, Agreements]:
    """Return by product what a buyer would accept now. Raises ``LookupError`` for a market without agreements."""
    buyer = identity.number_in_force(Agreement.Kind.BUYER, now=now)
    sellers = {product.seller_id for product in products}
    services = identity.binding_on(sellers, Agreement.Kind.PUBLISH, now=now)
    if buyer is None or sellers - services.keys():
        raise LookupError("no agreement is in force")
    sold, pay_minutes = _sold([product.pk for product in products]), int(pay_within.total_seconds() // 60)
    return {
        product.pk: Agreements(
            product=product, buyer=buyer, service=services[product.seller_id], version=sold[product.pk][0],
            terms=sold[product.pk][1], pay_minutes=pay_minutes,
        )
        for product in products
    }  # fmt: skip


def terms_of(version: Version) -> Text:
    """Return what the seller added to the service agreement in this version of the product."""
    return load(version.document).purchase.terms


def _sold(products: Collection[int]) -> dict[int, tuple[int, Text]]:
    """By product the version that is sold (of one that is not listed, the last that was) and the terms in it."""
    versions = Version.objects.order_by(F("listed_at").desc(nulls_last=True), "-number")
    found = {
        row[0]: row[1:]
        for row in versions.filter(product__in=products, status=Version.Status.LISTED).values_list(*_SOLD)
    }
    for pk in products:
        if pk not in found:
            found[pk] = versions.filter(product=pk).values_list(*_SOLD)[0][1:]
    return {pk: (version, Text(**terms) if terms else NO_TEXT) for pk, (version, terms) in found.items()}


_SOLD = ("product", "pk", "document__purchase__terms")


def accept(
    product: Product,
    *,
    agreed: bool,
    shown: str,
    origin: str = Order.Origin.BUYER,
    pay_within: timedelta,
    now: datetime,
) -> Agreements | None:
    """Return what the buyer accepts; None for an order that the market places.

    ``shown``: the stamp of what the page showed; empty where no page showed any. Raises ``Refused`` without consent, and when
    an agreement changed after it was shown.
    """
    if not agreed:
        raise Refused(
            "order.agreement", _("Read and accept the agreements to order."), HTTPStatus.BAD_REQUEST, field="agreed"
        )
    if origin != Order.Origin.BUYER:
        return None
    current = offered(product, pay_within=pay_within, now=now)
    if shown and shown != current.stamp:
        raise Refused(CHANGED, _changed(shown, current), HTTPStatus.CONFLICT, field="agreed")
    return current


CHANGED = "order.agreement_changed"


def _changed(shown: str, current: Agreements) -> str:
    before, after = shown.split("/"), current.stamp.split("/")
    names = (_("the buyer agreement"), _("the product service agreement"), _("the seller’s additional terms"))
    changed = [name for name, old, new in zip(names, [*before, "", "", ""], after, strict=False) if old != new]
    words = _("Changed since you opened this page: %(what)s. Read the new text and accept it.")
    return words % {"what": _(", ").join(changed)}


def accepted_lines(buyer: User, *, after: str = "", size: int = 20) -> Page[OrderLine]:
    """Lines with the agreements that the buyer accepted, newest first."""
    lines = OrderLine.objects.filter(buyer=buyer, buyer_agreement__isnull=False).select_related(
        "order", "product", "seller", "buyer_agreement", "service_agreement"
    )
    texts = [f"{name}__{text}" for name in ("buyer_agreement", "service_agreement") for text in ("text", "text_en")]
    return page(lines.defer(*texts), after=after, size=size, along=("buyer",))


def accepted_with(order: Order) -> OrderLine | None:
    """The line of the order with its agreements and their texts; None where the buyer accepted none with it."""
    return (
        OrderLine.objects.filter(order=order, buyer_agreement__isnull=False)
        .select_related("order__buyer", "product", "seller", "version", "buyer_agreement", "service_agreement")
        .first()
    )
