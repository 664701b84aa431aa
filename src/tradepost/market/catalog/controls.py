"""What a seller changes of a product while it is sold, without a new version: who may buy, how much, how many there are, and
whether everybody sees it (business-rules §2.8, §3.7).

Each change locks the product first and leaves a row of its history. On a refusal nothing changed.
"""

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
from tradepost.market.base.lifecycle import moved
from tradepost.market.product_types.registry import product_type

from . import document as documents
from . import shelf
from .document import Document, Price
from .models import Product, PurchaseLimit, SalesTarget, Spec, Stock, TargetBuyer, Version
from .sellable import MOST_UNITS

HISTORY = "controls"
"""Under this name the history of a product's controls is kept."""
MOST_BUYERS = 1000
"""Listed buyers of one sales target."""
LARGEST_CHANGE = 9_999_999
LARGEST_STOCK = 2_000_000_000
ZERO_PRICE = "business-rules §2.8, §3.5"


def locked(product: Product) -> Product:
    """The product under its lock. Raises ``Refused`` when its sales were stopped for good."""
    found = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if found.status == Product.Status.STOPPED:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))
    return found


def spec_names(product: Product) -> dict[str, tuple[str, str]]:
    """Key → Chinese and English name of every spec that is or will be sold: of the rows and of the latest version."""
    names: dict[str, tuple[str, str]] = {}
    latest = Version.objects.filter(product=product).order_by("-number").values_list("document", flat=True).first()
    if latest is not None:
        names |= {s.key: (s.name.zh, s.name.en) for s in documents.load(latest).pricing.specs if s.key}
    rows = list(Spec.objects.filter(product=product).order_by("position", "pk"))
    stopped = {row.key for row in rows if row.stopped_at is not None}
    sold = {row.key: (row.name, row.name_en) for row in rows} | names
    return {key: name for key, name in sold.items() if key not in stopped}


def _check_spec(product: Product, spec_key: str) -> None:
    if spec_key and spec_key not in spec_names(product):
        raise Refused("control.spec", _("Choose the whole product or one of its specs."), 404, field="spec")


# --- purchase limit ---------------------------------------------------------------------------------------------------


def set_limit(
    product: Product, *, maximum: int, until_expiry: bool, now: datetime, by: str, spec_key: str = ""
) -> PurchaseLimit:
    """How much one buyer may buy of a product or a spec: 1 is once, more are units of quantity. What was bought before it
    was set counts too."""
    if not 1 <= maximum <= MOST_UNITS:
        raise Refused("limit.maximum", _("A limit is a whole number from 1 to 1,000,000."), field="maximum")
    with transaction.atomic():
        product = locked(product)
        _check_spec(product, spec_key)
        limit, _new = PurchaseLimit.objects.update_or_create(
            product=product, spec_key=spec_key, defaults={"maximum": maximum, "until_expiry": until_expiry}
        )
        moved(product, HISTORY, "limit", now=now, actor=by, after=str(maximum), note=spec_key)
    return limit


def drop_limit(product: Product, *, now: datetime, by: str, spec_key: str = "") -> None:
    """Raises ``Refused`` where what is listed costs nothing and needs the limit (business-rules §2.8)."""
    with transaction.atomic():
        product = locked(product)
        PurchaseLimit.objects.filter(product=product, spec_key=spec_key).delete()
        listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list(
            "document", flat=True
        )
        for plain in listed:
            if any(zero_price_findings(product, documents.load(plain))):
                raise Refused(
                    "limit.needed", _("A price of zero needs this limit: change the price first."), field="maximum"
                )
        moved(product, HISTORY, "limit", now=now, actor=by, note=spec_key)


def limited_specs(products: Collection[int]) -> dict[int, frozenset[str]]:
    """Keys of the specs of these products that have a purchase limit; ``""`` for a limit on the product. One query."""
    found: dict[int, set[str]] = {}
    for product, key in PurchaseLimit.objects.filter(product__in=products).values_list("product_id", "spec_key"):
        found.setdefault(product, set()).add(key)
    return {product: frozenset(keys) for product, keys in found.items()}


def zero_price_findings(
    product: Product, document: Document, limited: Collection[str] | None = None
) -> Iterator[Finding]:
    """A price of zero that is no trial needs a purchase limit: on the product, or on its spec. ``limited``: its
    ``limited_specs``, where they are known already."""
    if limited is None:
        limited = limited_specs([product.pk]).get(product.pk, frozenset())
    if "" in limited:
        return
    for i, spec in enumerate(document.pricing.specs):
        if spec.key in limited:
            continue
        for j, sku in enumerate(spec.skus):
            for k, price in enumerate(sku.prices):
                if _can_cost_nothing(price):
                    yield Finding(
                        section="pricing",
                        field=f"specs.{i}.skus.{j}.prices.{k}.amount",
                        code="product.zero_price",
                        words=_(
                            "What costs nothing and is no trial needs a purchase limit: set one under “Sale controls”, or "
                            "offer a trial instead."
                        ),
                        rule=ZERO_PRICE,
                    )


def _can_cost_nothing(price: Price) -> bool:
    if price.trial or price.charging.postpaid:
        return False
    amounts = [band.amount for band in price.bands] if price.model.banded else [price.amount]
    return any(amount is not None and amount == Decimal(0) for amount in amounts)


# --- sales target -----------------------------------------------------------------------------------------------------


def set_target(
    product: Product, *, audience: str, now: datetime, by: str, spec_key: str = "",
    buyers: Sequence[tuple[str, str]] = (), holders_of: Product | None = None,
) -> SalesTarget:  # fmt: skip
    """To whom a product or a spec is sold from now on. ``buyers``: account id and e-mail of each listed buyer, all of them;
    none yet sells to nobody. ``holders_of``: a product of the same seller."""
    if audience not in SalesTarget.Audience.values:
        raise Refused("target.audience", _("Choose to whom this is sold."), field="audience")
    if audience == SalesTarget.Audience.HOLDERS and (holders_of is None or holders_of.seller_id != product.seller_id):
        raise Refused("target.holders_of", _("Choose one of your own products."), 404, field="holders_of")
    listed = checked_buyers(buyers) if audience == SalesTarget.Audience.LISTED else {}
    with transaction.atomic():
        product = locked(product)
        _check_spec(product, spec_key)
        target, _new = SalesTarget.objects.update_or_create(
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
        moved(product, HISTORY, "target", now=now, actor=by, after=audience, note=spec_key)
    return target


def drop_target(product: Product, *, now: datetime, by: str, spec_key: str = "") -> None:
    """Sold to everybody from now on."""
    with transaction.atomic():
        product = locked(product)
        SalesTarget.objects.filter(product=product, spec_key=spec_key).delete()
        moved(product, HISTORY, "target", now=now, actor=by, after="everyone", note=spec_key)


def read_buyers(text: str) -> list[tuple[str, str]]:
    """Lines as somebody typed them: account id and e-mail, in either order, with blanks, a comma or a tab between. Raises
    ``Refused`` with the number of a line that is neither."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.replace(",", " ").replace("，", " ").replace(";", " ").split()
        if not parts:
            continue
        emails, others = [p for p in parts if "@" in p], [p for p in parts if "@" not in p]
        if len(emails) != 1 or len(others) != 1:
            words = _("Line %(number)s: one account id and one e-mail address, please.") % {"number": number}
            raise Refused("target.buyers", words, HTTPStatus.BAD_REQUEST, field="buyers")
        found.append((others[0], emails[0]))
    return found


def checked_buyers(buyers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Account id → e-mail. Whether there is such an account is not told: a list is no way to find out who buys here."""
    listed: dict[str, str] = {}
    for account, email in buyers:
        try:
            validate_email(email)
        except ValidationError:
            words = _("“%(email)s” is no e-mail address.") % {"email": email[:100]}
            raise Refused("target.buyers", words, HTTPStatus.BAD_REQUEST, field="buyers") from None
        if not account.isalnum() or len(account) > 32:
            words = _("“%(account)s” is no account id.") % {"account": account[:100]}
            raise Refused("target.buyers", words, HTTPStatus.BAD_REQUEST, field="buyers")
        listed[account.lower()] = email
    if len(listed) > MOST_BUYERS:
        words = _("At most %(most)s buyers can be listed.") % {"most": MOST_BUYERS}
        raise Refused("target.buyers", words, HTTPStatus.BAD_REQUEST, field="buyers")
    return listed


# --- stock ------------------------------------------------------------------------------------------------------------


def ensure_stock(product: Product) -> None:
    """A product of a kind that has stock begins with as many as business-rules §3.7 says (999)."""
    if product_type(product.product_type).stock:
        Stock.objects.get_or_create(product=product)


def change_stock(product: Product, change: int, *, now: datetime, by: str) -> Stock:
    """More or fewer of it, only while it is on sale; what is there must stay more than what was sold."""
    if not -LARGEST_CHANGE <= change <= LARGEST_CHANGE or change == 0:
        raise Refused("stock.change", _("A change is from −9,999,999 to 9,999,999, and not zero."), field="change")
    with transaction.atomic():
        product = locked(product)
        if product.status != Product.Status.ON_SALE:
            raise Refused("stock.not_on_sale", _("Stock is changed while the product is on sale."), field="change")
        stock = Stock.objects.select_for_update(of=("self",)).filter(product=product).first()
        if stock is None:
            raise Refused("stock.none", _("Products of this kind have no stock."), field="change")
        before, stock.total = stock.total, stock.total + change
        if not stock.used < stock.total <= LARGEST_STOCK:
            words = _("The total must be more than the %(used)s that are sold or reserved.") % {"used": stock.used}
            raise Refused("stock.total", words, field="change")
        stock.save(update_fields=["total"])
        moved(product, HISTORY, "stock", now=now, actor=by, before=str(before), after=str(stock.total))
    return stock


# --- hide and show ----------------------------------------------------------------------------------------------------


def hide(product: Product, *, now: datetime, by: str) -> None:
    """Store and search do not have it any more; the address of its page still sells it."""
    with transaction.atomic():
        product = locked(product)
        Product.objects.filter(pk=product.pk).update(hidden=True)
        shelf.refresh(product)
        moved(product, HISTORY, "hide", now=now, actor=by)


def show(product: Product, *, now: datetime, by: str) -> None:
    """Public again, with every spec of it: hide those again that shall not be (business-rules §2.8)."""
    with transaction.atomic():
        product = locked(product)
        Product.objects.filter(pk=product.pk).update(hidden=False)
        Spec.objects.filter(product=product, hidden=True).update(hidden=False)
        shelf.refresh(product)
        moved(product, HISTORY, "show", now=now, actor=by)


def hide_spec(product: Product, spec_key: str, *, hidden: bool, now: datetime, by: str) -> None:
    """Sold by its own link only, or by the product's page again."""
    with transaction.atomic():
        product = locked(product)
        found = Spec.objects.filter(product=product, key=spec_key, stopped_at=None).update(hidden=hidden)
        if not found:
            raise Refused("control.spec", _("Choose the whole product or one of its specs."), 404, field="spec")
        shelf.refresh(product)
        moved(product, HISTORY, "hide spec" if hidden else "show spec", now=now, actor=by, note=spec_key)
