"""Change what a buyer holds while it is used: another SKU of the same spec by the seller's rules, or a greater quantity
(business-rules §4.6, saas-v2 §8). An order like any other, for the difference over the time that is left; what is less comes
with a renewal only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product, Sku, UpgradeRule
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import ChargingMode

from . import quotes
from .agreements import accept
from .change_fee import Fee, PaidTime, Rate, StepChange, Terms, as_stored, counts_from, fee_of, read_stored
from .changes import open_changes
from .models import Order, OrderLine
from .place import sold_version, store_line, store_unpaid
from .pricing import Priced
from .reserve import reserve_added


class ChangeService(Struct, frozen=True, kw_only=True):
    """What a buyer chose: ``product_id`` is the offer's that is held afterwards. ``quote``: as ``show`` gave it to the page;
    empty where nothing was shown."""

    subscription: int
    product_id: str
    quantity: int
    agreed: bool = False
    agreements: str = ""
    quote: str = ""


class Target(Struct, frozen=True):
    """One way to change. ``adds``: more of the same SKU, by its quantities above what is held; else the quantity stays."""

    offer: Offer
    """What is held afterwards: by the period type of what is held now."""
    adds: bool
    least: int

    def takes(self, quantity: int) -> bool:
        return _sold_in(self.offer.sku, quantity) and (quantity >= self.least if self.adds else quantity == self.least)


class Change(Struct, frozen=True):
    """A change with its price."""

    target: Target
    quantity: int
    terms: Terms
    fee: Fee

    @property
    def price(self) -> Money:
        return Money(self.fee.minor, self.terms.currency)


# --- what can be changed ----------------------------------------------------------------------------------------------


def check_standing(held: Subscription, *, now: datetime) -> None:
    """Raises ``Refused`` while what is held is in no state to be changed: only what is opened, paid for and usable is."""
    if held.offer.trial:
        raise Refused("change.trial", _("This is a trial. It can be changed when it was bought."))
    if not held.offer.renewable or held.expires_at is None or not product_type(held.product.product_type).upgrades:
        raise Refused("change.not_possible", _("Only what is sold by month or year can be changed while it is used."))
    if held.status == Subscription.Status.FROZEN:
        raise Refused("change.frozen", _("This service is frozen: it cannot be changed now."))
    if held.status != Subscription.Status.ACTIVE:
        raise Refused("change.not_active", _("This service is not open: it cannot be changed."))
    if now >= held.expires_at:
        raise Refused("change.expired", _("The paid time of this service is over. Renew it first, then change it."))


def check_sold(held: Subscription) -> None:
    """Raises ``Refused`` when its product is not sold any more, or at the moment (saas-v2 §8.1)."""
    product = held.product
    if product.status == Product.Status.FROZEN or product.seller.status != Seller.Status.ACTIVE:
        raise Refused(
            "product.frozen", _("Sales of this product are suspended at the moment. Services that are in use go on.")
        )
    if product.status != Product.Status.ON_SALE:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))


def targets(held: Subscription) -> list[Target]:
    """More of the same first, then what the seller's standing rules lead to in the quantity that is held."""
    return [*_more(held), *_others(held)]


def _more(held: Subscription) -> Iterator[Target]:
    sku = held.offer.sku
    least = _next_quantity(sku, held.quantity)
    if least is not None and _sold_by_period([sku.pk]).exists():
        yield Target(held.offer, True, least)


def _others(held: Subscription) -> Iterator[Target]:
    rules = UpgradeRule.objects.filter(source=held.offer.sku_id, lapsed_at=None, target__spec=held.offer.sku.spec_id)
    sold = _sold_by_period(rules.values_list("target", flat=True)).filter(period_type=held.offer.period_type)
    for offer in sold.select_related("sku__spec__product__seller").order_by("price_minor", "pk"):
        if _sold_in(offer.sku, held.quantity):
            yield Target(offer, False, held.quantity)


def _sold_by_period(skus: Iterable[int]) -> QuerySet[Offer]:
    return Offer.objects.filter(sku__in=skus, on_sale=True, charging_mode=ChargingMode.PERIOD, trial=False)


def _sold_in(sku: Sku, quantity: int) -> bool:
    return sku.quantity_min <= quantity <= sku.quantity_max and (quantity - sku.quantity_min) % sku.quantity_step == 0


def _next_quantity(sku: Sku, held: int) -> int | None:
    """The least that is sold above what is held."""
    steps = max(0, (held - sku.quantity_min) // sku.quantity_step + 1)
    following = sku.quantity_min + steps * sku.quantity_step
    return following if following <= sku.quantity_max else None


# --- what it costs ----------------------------------------------------------------------------------------------------


def priced(held: Subscription, target: Target, quantity: int, *, step_change: StepChange, now: datetime) -> Change:
    """A change as it would be ordered at ``now``. Raises ``Refused`` for a quantity that is not offered, for too little time
    that is left, and for what costs less."""
    if not target.takes(quantity):
        raise _wrong_quantity(target)
    terms = _terms(held, target, quantity, step_change, now)
    fee = fee_of(terms)
    if fee.minor < 0:
        words = _("This costs less than what you have. A service can be made smaller with a renewal only.")
        raise Refused("change.less", words, field="to")
    return Change(target, quantity, terms, fee)


def _wrong_quantity(target: Target) -> Refused:
    sku = target.offer.sku
    words = _("Choose a quantity from %(min)s to %(max)s in steps of %(step)s.") % {
        "min": target.least, "max": sku.quantity_max, "step": sku.quantity_step,
    }  # fmt: skip
    return Refused("order.quantity", words, HTTPStatus.BAD_REQUEST, field="quantity")


def _terms(held: Subscription, target: Target, quantity: int, step_change: StepChange, now: datetime) -> Terms:
    begun, since, periods = _paid_time(held, now)
    own, wanted = (
        _rates(held.offer.sku_id, held.offer.currency),
        _rates(target.offer.sku_id, held.offer.currency, sold=True),
    )
    units = {period.offer.period_type for period in periods}
    if not units <= own.keys() or not wanted:
        raise Refused(
            "change.no_price", _("What you have is not sold in this way any more: it has no price to start from.")
        )
    return Terms(
        currency=held.offer.currency,
        zone=str(timezone.get_default_timezone()),
        begun=begun,
        counts_from=since,
        periods=tuple(
            PaidTime(
                line_number=one.line_number, unit=one.offer.period_type, starts_at=one.starts_at, ends_at=one.ends_at
            )
            for one in periods
        ),
        held=tuple(own[unit] for unit in sorted(units)),
        target=tuple(wanted[unit] for unit in sorted(wanted)),
        quantity_before=held.quantity,
        quantity_after=quantity,
        adds=target.adds,
        step_change=step_change,
    )


def _paid_time(held: Subscription, now: datetime) -> tuple[datetime, datetime, list[Period]]:
    """When the first paid time began, from when on a change counts, and the periods of which something is left then."""
    paid = Period.objects.filter(subscription=held, cancelled_at=None, kind=Period.Kind.BASE, offer__trial=False)
    begun = paid.aggregate(first=Min("starts_at"))["first"]
    if begun is None or to_the_second(begun) > now:  # what was opened in this very second has begun
        words = _("The trial is not over yet. The service can be changed when the paid time has begun.")
        raise Refused("change.trial", words)
    since = counts_from(now, begun, timezone.get_default_timezone())
    periods = list(paid.filter(ends_at__gt=since).select_related("offer").order_by("starts_at"))
    if not periods or held.expires_at is None or since >= held.expires_at:
        words = _("The paid time ends before a change could count. Renew it first, then change it.")
        raise Refused("change.too_late", words)
    if periods[0].starts_at > since or periods[-1].ends_at != held.expires_at:
        raise LookupError(f"the paid time of subscription {held.pk} has a gap")
    return begun, since, periods


def _rates(sku: int, currency: str, *, sold: bool = False) -> dict[str, Rate]:
    """Present prices of a SKU by their units of time. ``sold``: those alone that are on sale."""
    offers = Offer.objects.filter(sku=sku, charging_mode=ChargingMode.PERIOD, trial=False, currency=currency)
    if sold:
        offers = offers.filter(on_sale=True)
    return {
        offer.period_type: Rate(
            unit=offer.period_type,
            model=PriceModel(offer.model),
            price_minor=offer.price_minor,
            bands=tuple((upto, each) for upto, each in offer.bands),
        )
        for offer in offers.order_by("pk")
    }


# --- order it ---------------------------------------------------------------------------------------------------------


def show(buyer: User, held: Subscription, change: Change, *, now: datetime, lasts: timedelta) -> str:
    """The quote of a change for a form; it holds until it expires, also past the hour from which it counts."""
    return quotes.show(
        buyer, change.target.offer, _as_priced(change), version=sold_version(held.product), now=now, lasts=lasts,
        terms=_digest(held, change),
    )  # fmt: skip


def to_the_second(now: datetime) -> datetime:
    """The moment that a quote can carry, of which its price is computed when it comes back."""
    return now.replace(microsecond=0)


def _as_priced(change: Change) -> Priced:
    return Priced(change.price, change.quantity, 1, change.price)


def _digest(held: Subscription, change: Change) -> str:
    inputs = json.dumps([held.pk, as_stored(change.terms)], sort_keys=True)
    return hashlib.sha256(inputs.encode()).hexdigest()[:32]


def place_change(
    buyer: User, command: ChangeService, *, now: datetime, unpaid_timeout: timedelta, step_change: StepChange
) -> Order:
    """Store the order, unpaid; it costs what was quoted, however long its payment takes. Raises ``Refused``; nothing is stored
    then. The service must be the buyer's own."""
    with transaction.atomic():
        # Under the lock of what is held, so that two tabs make one order.
        held = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("product__seller", "offer__sku__spec__product__seller")
            .get(pk=command.subscription, buyer=buyer)
        )
        check_changeable(held, now=now)
        found = next((one for one in targets(held) if one.offer.product_id == command.product_id), None)
        if found is None:
            raise Refused("change.no_rule", _("The seller does not offer this change (any more)."), field="to")
        shown = quotes.read(buyer, command.quote) if command.quote else None
        quoted = shown is not None and now < shown.expires_at
        as_of = shown.made_at if shown is not None and quoted else now
        change = priced(held, found, command.quantity, step_change=step_change, now=to_the_second(as_of))
        if command.quote:
            shown = quotes.check(shown, found.offer, _as_priced(change), now=now, terms=_digest(held, change))
        accepted = accept(
            held.product, agreed=command.agreed, shown=command.agreements, pay_within=unpaid_timeout, now=now
        )
        order = store_unpaid(
            buyer, Order.Type.CHANGE, change.price, now=now, pay_before=min(now + unpaid_timeout, change.terms.ends_at)
        )
        line = store_line(
            order, found.offer, _of_the_line(change), subscription=held, change_terms=as_stored(change.terms),
            accepted=accepted, now=now,
        )  # fmt: skip
        if found.adds:
            reserve_added(line, before=held.quantity)
        if shown is not None:
            quotes.keep(shown, order, found.offer, _as_priced(change), now=now)
    return order


def check_changeable(held: Subscription, *, now: datetime) -> None:
    """All that must be so whatever is chosen. Raises ``Refused``."""
    check_standing(held, now=now)
    check_sold(held)
    if open_changes(held):
        raise Refused("change.open", _("This service has an order that is not done yet. End or pay that one first."))


def _of_the_line(change: Change) -> Priced:
    """The line says the duration of the paid time that is running."""
    running = OrderLine.objects.filter(number=change.terms.periods[0].line_number)
    periods = running.values_list("period_number", flat=True).first() or 1
    return Priced(change.price, change.quantity, periods, change.price)


def check_still(line: OrderLine, held: Subscription, *, now: datetime) -> None:
    """Before it is paid, and before its seller is asked: what the change was priced for is still what is held, paid for and
    usable. Raises ``Refused``."""
    check_standing(held, now=now)
    terms = terms_of_line(line)
    if (held.expires_at, held.quantity) != (terms.ends_at, terms.quantity_before):
        raise Refused("change.moved", _("The paid time that the change was priced for is not there any more."))


def terms_of_line(line: OrderLine) -> Terms:
    if line.change_terms is None:
        raise LookupError(f"order line {line.number} has no terms of a change")
    return read_stored(line.change_terms)
