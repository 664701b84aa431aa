"""Sale controls: properties of a product that a seller changes on sale without a new version (business-rules §2.8,
§3.7). These are purchase limits, sales targets, stock and visibility.

Each change locks the product first and adds a row of history. A refusal changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.lifecycle import record_move
from tradepost.market.product_types.registry import product_type

from . import document as documents
from . import shelf
from .document import Document, Price
from .models import Product, PurchaseLimit, SalesTarget, Spec, Stock, TargetBuyer, Version
from .sellable import MAX_UNITS

HISTORY = "controls"
"""Name of the history of a product's controls."""
MAX_BUYERS = 1000
"""Maximum listed buyers of a sales target."""
MAX_CHANGE = 9_999_999
MAX_STOCK = 2_000_000_000
ZERO_PRICE = "business-rules §2.8, §3.5"


def lock_product(product: Product) -> Product:
    """Lock the product and return it. Raises ``Refused`` if its sales were stopped."""
    current = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if current.status == Product.Status.STOPPED:
        raise Refused("product.stopped", _("Sales of this product have ended permanently."))
    return current


def spec_names(product: Product) -> dict[str, tuple[str, str]]:
    """Return key → Chinese and English name of every spec that is or will be sold, from the rows and the latest
    version."""
    names: dict[str, tuple[str, str]] = {}
    latest = Version.objects.filter(product=product).order_by("-number").values_list("document", flat=True).first()
    if latest is not None:
        names |= {s.key: (s.name.zh, s.name.en) for s in documents.load(latest).pricing.specs if s.key}
    rows = list(Spec.objects.filter(product=product).order_by("position", "pk"))
    stopped_keys = {row.key for row in rows if row.stopped_at is not None}
    all_names = {row.key: (row.name, row.name_en) for row in rows} | names
    return {key: name for key, name in all_names.items() if key not in stopped_keys}


def _check_spec(product: Product, spec_key: str) -> None:
    if spec_key and spec_key not in spec_names(product):
        raise Refused("control.spec", _("Choose the whole product or one of its specs."), 404, field="spec")


# --- purchase limit
# ---------------------------------------------------------------------------------------------------


def set_limit(
    product: Product, *, maximum: int, until_expiry: bool, now: datetime, by: str, spec_key: str = ""
) -> PurchaseLimit:
    """Set how much one buyer may buy of a product or spec: 1 means once, more are units of quantity. Earlier
    purchases count too."""
    if not 1 <= maximum <= MAX_UNITS:
        raise Refused("limit.maximum", _("A limit is a whole number from 1 to 1,000,000."), field="maximum")
    with transaction.atomic():
        product = lock_product(product)
        _check_spec(product, spec_key)
        limit, _created = PurchaseLimit.objects.update_or_create(
            product=product, spec_key=spec_key, defaults={"maximum": maximum, "until_expiry": until_expiry}
        )
        record_move(product, HISTORY, "limit", now=now, actor=by, after=str(maximum), note=spec_key)
    return limit


def remove_limit(product: Product, *, now: datetime, by: str, spec_key: str = "") -> None:
    """Remove the limit. Raises ``Refused`` if a listed price of zero needs it (business-rules §2.8)."""
    with transaction.atomic():
        product = lock_product(product)
        PurchaseLimit.objects.filter(product=product, spec_key=spec_key).delete()
        listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list(
            "document", flat=True
        )
        for plain in listed:
            if any(zero_price_findings(product, documents.load(plain))):
                raise Refused(
                    "limit.needed", _("A price of zero needs this limit: change the price first."), field="maximum"
                )
        record_move(product, HISTORY, "limit", now=now, actor=by, note=spec_key)


def limited_specs(products: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the keys of the specs with a purchase limit by product; ``""`` for a limit on the product. One query."""
    by_product: dict[int, set[str]] = {}
    for product, key in PurchaseLimit.objects.filter(product__in=products).values_list("product_id", "spec_key"):
        by_product.setdefault(product, set()).add(key)
    return {product: frozenset(keys) for product, keys in by_product.items()}


def zero_price_findings(
    product: Product, document: Document, limited: Collection[str] | None = None
) -> Iterator[Finding]:
    """Yield a finding for each zero price, except trials, without a purchase limit on the product or its spec.

    ``limited``: its ``limited_specs``, if they are loaded already."""
    if limited is None:
        limited = limited_specs([product.pk]).get(product.pk, frozenset())
    if "" in limited:
        return
    for spec_index, spec in enumerate(document.pricing.specs):
        if spec.key in limited:
            continue
        for sku_index, sku in enumerate(spec.skus):
            for price_index, price in enumerate(sku.prices):
                if _can_cost_nothing(price):
                    yield Finding(
                        section="pricing",
                        field=f"specs.{spec_index}.skus.{sku_index}.prices.{price_index}.amount",
                        code="product.zero_price",
                        words=_(
                            "A zero price that is not a trial needs a purchase limit. Set one under “Sale controls”, or offer a trial instead."
                        ),
                        rule=ZERO_PRICE,
                    )


def _can_cost_nothing(price: Price) -> bool:
    if price.trial or price.charging.postpaid:
        return False
    amounts = [band.amount for band in price.bands] if price.model.banded else [price.amount]
    return any(amount is not None and amount == Decimal(0) for amount in amounts)


# --- sales target
# -----------------------------------------------------------------------------------------------------


def set_target(
    product: Product, *, audience: str, now: datetime, by: str, spec_key: str = "",
    buyers: Sequence[tuple[str, str]] = (), holders_of: Product | None = None,
) -> SalesTarget:  # fmt: skip
    """Set who can buy a product or spec. ``buyers``: account ID and email of all listed buyers; an empty list sells
    to nobody.

    ``holders_of``: a product of the same seller."""
    if audience not in SalesTarget.Audience.values:
        raise Refused("target.audience", _("Choose who can buy this."), field="audience")
    if audience == SalesTarget.Audience.HOLDERS and (holders_of is None or holders_of.seller_id != product.seller_id):
        raise Refused("target.holders_of", _("Choose one of your own products."), 404, field="holders_of")
    listed = checked_buyers(buyers) if audience == SalesTarget.Audience.LISTED else {}
    with transaction.atomic():
        product = lock_product(product)
        _check_spec(product, spec_key)
        target, _created = SalesTarget.objects.update_or_create(
            product=product,
            spec_key=spec_key,
            defaults={
                "audience": audience,
                "holders_of": holders_of if audience == SalesTarget.Audience.HOLDERS else None,
            },
        )
        TargetBuyer.objects.filter(target=target).delete()
        TargetBuyer.objects.bulk_create(
            TargetBuyer(target=target, customer_id=account, email=email) for account, email in listed.items()
        )
        record_move(product, HISTORY, "target", now=now, actor=by, after=audience, note=spec_key)
    return target


def remove_target(product: Product, *, now: datetime, by: str, spec_key: str = "") -> None:
    """Remove the sales target, so that everyone can buy."""
    with transaction.atomic():
        product = lock_product(product)
        SalesTarget.objects.filter(product=product, spec_key=spec_key).delete()
        record_move(product, HISTORY, "target", now=now, actor=by, after="everyone", note=spec_key)


def read_buyers(text: str) -> list[tuple[str, str]]:
    """Parse lines with account ID and email, in either order, separated by spaces, a comma or a tab.

    Raises ``Refused`` with the number of an invalid line."""
    result = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.replace(",", " ").replace("，", " ").replace(";", " ").split()
        if not parts:
            continue
        emails, accounts = [part for part in parts if "@" in part], [part for part in parts if "@" not in part]
        if len(emails) != 1 or len(accounts) != 1:
            message = _("Line %(number)s: enter one account ID and one e-mail address.") % {"number": number}
            raise Refused("target.buyers", message, HTTPStatus.BAD_REQUEST, field="buyers")
        result.append((accounts[0], emails[0]))
    return result


def checked_buyers(buyers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return account ID → email. Does not reveal whether the account exists, so that lists cannot be used to find
    buyers."""
    listed: dict[str, str] = {}
    for account, email in buyers:
        try:
            validate_email(email)
        except ValidationError:
            message = _("“%(email)s” is not a valid e-mail address.") % {"email": email[:100]}
            raise Refused("target.buyers", message, HTTPStatus.BAD_REQUEST, field="buyers") from None
        if not account.isalnum() or len(account) > 32:
            message = _("“%(account)s” is not a valid account ID.") % {"account": account[:100]}
            raise Refused("target.buyers", message, HTTPStatus.BAD_REQUEST, field="buyers")
        listed[account.lower()] = email
    if len(listed) > MAX_BUYERS:
        message = _("At most %(most)s buyers can be listed.") % {"most": MAX_BUYERS}
        raise Refused("target.buyers", message, HTTPStatus.BAD_REQUEST, field="buyers")
    return listed


# --- stock
# ------------------------------------------------------------------------------------------------------------


def ensure_stock(product: Product) -> None:
    """Create the stock of a product whose kind has one, with the initial number of business-rules §3.7 (999)."""
    if product_type(product.product_type).stock:
        Stock.objects.get_or_create(product=product)


def change_stock(product: Product, change: int, *, now: datetime, by: str) -> Stock:
    """Increase or reduce the stock of a product on sale. The total must exceed what is sold or reserved."""
    if not -MAX_CHANGE <= change <= MAX_CHANGE or change == 0:
        raise Refused(
            "stock.change", _("The change must be between −9,999,999 and 9,999,999, and not zero."), field="change"
        )
    with transaction.atomic():
        product = lock_product(product)
        if product.status != Product.Status.ON_SALE:
            raise Refused(
                "stock.not_on_sale", _("Stock can be changed only while the product is on sale."), field="change"
            )
        stock = Stock.objects.select_for_update(of=("self",)).filter(product=product).first()
        if stock is None:
            raise Refused("stock.none", _("Products of this kind have no stock."), field="change")
        before, stock.total = stock.total, stock.total + change
        if not stock.used < stock.total <= MAX_STOCK:
            message = _("The total must be more than the %(used)s that are sold or reserved.") % {"used": stock.used}
            raise Refused("stock.total", message, field="change")
        stock.save(update_fields=["total"])
        record_move(product, HISTORY, "stock", now=now, actor=by, before=str(before), after=str(stock.total))
    return stock


# --- hide and show
# ----------------------------------------------------------------------------------------------------


def hide(product: Product, *, now: datetime, by: str) -> None:
    """Remove the product from store and search; it can still be bought at the address of its page."""
    with transaction.atomic():
        product = lock_product(product)
        Product.objects.filter(pk=product.pk).update(hidden=True)
        shelf.refresh(product)
        record_move(product, HISTORY, "hide", now=now, actor=by)


def show(product: Product, *, now: datetime, by: str) -> None:
    """Show the product with all its specs; specs must be hidden again separately (business-rules §2.8)."""
    with transaction.atomic():
        product = lock_product(product)
        Product.objects.filter(pk=product.pk).update(hidden=False)
        Spec.objects.filter(product=product, hidden=True).update(hidden=False)
        shelf.refresh(product)
        record_move(product, HISTORY, "show", now=now, actor=by)


def hide_spec(product: Product, spec_key: str, *, hidden: bool, now: datetime, by: str) -> None:
    """Sell a spec only by its own link, or on the product's page again."""
    with transaction.atomic():
        product = lock_product(product)
        updated = Spec.objects.filter(product=product, key=spec_key, stopped_at=None).update(hidden=hidden)
        if not updated:
            raise Refused("control.spec", _("Choose the whole product or one of its specs."), 404, field="spec")
        shelf.refresh(product)
        record_move(product, HISTORY, "hide spec" if hidden else "show spec", now=now, actor=by, note=spec_key)
