"""Agreements that a buyer accepts with an order, in the versions that the page showed (business-rules §1.5, §4.2).

The order line of each purchase by a buyer stores the buyer agreement and the product service agreement. Automatic
renewals and repurchases continue under the agreements accepted before and store none.
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
from tradepost.market.base.pk_times import Within, any_time
from tradepost.market.catalog.document import NO_TEXT, load
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity import agreements as identity
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import User
from tradepost.protocols.text import Text

from .models import Order, OrderLine


class Agreements(Struct, frozen=True, kw_only=True):
    """Agreements that apply to an order of ``product`` now. ``terms``: the seller's additions to the service agreement;
    ``version``: key of the product version that holds them; ``pay_minutes``: payment time stated in the buyer
    agreement."""

    product: Product
    buyer: Agreement
    service: Agreement
    version: int
    terms: Text
    pay_minutes: int

    @property
    def stamp(self) -> str:
        """Return a string for forms that identifies the texts the page showed."""
        terms = hashlib.sha256(f"{self.terms.zh}\0{self.terms.en}".encode()).hexdigest()[:16] if self.has_terms else ""
        return f"{self.buyer.number}.{self.pay_minutes}/{self.service.number}/{terms}"

    @property
    def has_terms(self) -> bool:
        return self.terms != NO_TEXT


def agreements_on_offer(product: Product, *, pay_within: timedelta, now: datetime) -> Agreements:
    return agreements_by_product([product], pay_within=pay_within, now=now)[product.pk]


def agreements_by_product(
    products: Collection[Product], *, pay_within: timedelta, now: datetime
) -> dict[int, Agreements]:
    """Return the agreements that a buyer would accept now, by product key.

    Raises ``LookupError`` if the market has no agreement in force.
    """
    buyer = identity.number_in_force(Agreement.Kind.BUYER, now=now)
    sellers = {product.seller_id for product in products}
    services = identity.accepted_versions(sellers, Agreement.Kind.PUBLISH, now=now)
    if buyer is None or sellers - services.keys():
        raise LookupError("no agreement is in force")
    sold_versions, pay_minutes = (
        _terms_on_sale([product.pk for product in products]),
        int(pay_within.total_seconds() // 60),
    )
    return {
        product.pk: Agreements(
            product=product, buyer=buyer, service=services[product.seller_id], version=sold_versions[product.pk][0],
            terms=sold_versions[product.pk][1], pay_minutes=pay_minutes,
        )
        for product in products
    }  # fmt: skip


def terms_of(version: Version) -> Text:
    """Return the seller's additions to the service agreement in this product version."""
    return load(version.document).purchase.terms


def _terms_on_sale(products: Collection[int]) -> dict[int, tuple[int, Text]]:
    """Return the version on sale and its terms, by product key. For an unlisted product, use the version listed last."""
    versions = Version.objects.order_by(F("listed_at").desc(nulls_last=True), "-number")
    sold_versions = {
        row[0]: row[1:]
        for row in versions.filter(product__in=products, status=Version.Status.LISTED).values_list(*_TERMS_COLUMNS)
    }
    for pk in products:
        if pk not in sold_versions:
            sold_versions[pk] = versions.filter(product=pk).values_list(*_TERMS_COLUMNS)[0][1:]
    return {pk: (version, Text(**terms) if terms else NO_TEXT) for pk, (version, terms) in sold_versions.items()}


_TERMS_COLUMNS = ("product", "pk", "document__purchase__terms")


def accept(
    product: Product,
    *,
    agreed: bool,
    shown_stamp: str,
    origin: str = Order.Origin.BUYER,
    pay_within: timedelta,
    now: datetime,
) -> Agreements | None:
    """Return the agreements that the buyer accepts; None for an order that the market places.

    ``shown_stamp`` is the stamp of the texts on the page, or empty if no page showed them. Raises ``Refused`` without
    consent, or if an agreement changed after the page showed it.
    """
    if not agreed:
        raise Refused(
            "order.agreement", _("Read and accept the agreements to order."), HTTPStatus.BAD_REQUEST, field="agreed"
        )
    if origin != Order.Origin.BUYER:
        return None
    current_agreements = agreements_on_offer(product, pay_within=pay_within, now=now)
    if shown_stamp and shown_stamp != current_agreements.stamp:
        raise Refused(
            CHANGED_CODE, _change_message(shown_stamp, current_agreements), HTTPStatus.CONFLICT, field="agreed"
        )
    return current_agreements


CHANGED_CODE = "order.agreement_changed"


def _change_message(shown_stamp: str, current_agreements: Agreements) -> str:
    before, after = shown_stamp.split("/"), current_agreements.stamp.split("/")
    names = (_("the buyer agreement"), _("the product service agreement"), _("the seller’s additional terms"))
    changed_names = [name for name, old, new in zip(names, [*before, "", "", ""], after, strict=False) if old != new]
    words = _("Changed since you opened this page: %(what)s. Read the new text and accept it.")
    return words % {"what": _(", ").join(changed_names)}


def accepted_lines(buyer: User, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[OrderLine]:
    """Return the order lines with the agreements that the buyer accepted, newest first."""
    lines = OrderLine.objects.filter(buyer=buyer, buyer_agreement__isnull=False).select_related(
        "order", "product", "seller", "buyer_agreement", "service_agreement"
    )
    texts = [f"{name}__{text}" for name in ("buyer_agreement", "service_agreement") for text in ("text", "text_en")]
    return page(within(lines.defer(*texts), "agreed_at"), after=after, size=size, along=("buyer",))


def accepted_with(order: Order) -> OrderLine | None:
    """Return the order line with its agreements and their texts; None if the buyer accepted none."""
    return (
        OrderLine.objects.filter(order=order, buyer_agreement__isnull=False)
        .select_related("order__buyer", "product", "seller", "version", "buyer_agreement", "service_agreement")
        .first()
    )
