"""Change a running service: another SKU of the same specification by the seller's rules, or a greater quantity
(business-rules §4.6, saas-v2 §8).

The order costs the difference over the remaining time. A reduction is possible only with a renewal.
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
from .change_fee import Fee, PaidTime, Rate, StepChange, Terms, as_stored, effective_from, fee_of, read_stored
from .changes import open_changes
from .models import Order, OrderLine
from .place import sold_version, store_line, store_unpaid
from .pricing import PricedChoice
from .reserve import reserve_added


class ChangeService(Struct, frozen=True, kw_only=True):
    """Change that a buyer chose. ``product_id``: the offer after the change. ``quote``: quote from ``show``, or empty
    if no page showed one."""

    subscription: int
    product_id: str
    quantity: int
    agreed: bool = False
    agreements: str = ""
    quote: str = ""


class Target(Struct, frozen=True):
    """One possible change. ``adds``: a greater quantity of the same SKU; otherwise the quantity does not change."""

    offer: Offer
    """Offer after the change, with the present period type."""
    adds: bool
    least: int

    def takes(self, quantity: int) -> bool:
        return _is_sold_in(self.offer.sku, quantity) and (
            quantity >= self.least if self.adds else quantity == self.least
        )


class Change(Struct, frozen=True):
    """A change with its price."""

    target: Target
    quantity: int
    terms: Terms
    fee: Fee

    @property
    def price(self) -> Money:
        return Money(self.fee.minor, self.terms.currency)


# --- possible changes ---


def check_state(subscription: Subscription, *, now: datetime) -> None:
    """Raise ``Refused`` unless the subscription is open, paid for, usable and sold by period."""
    if subscription.offer.trial:
        raise Refused("change.trial", _("This is a trial. You can change it after you buy it."))
    if (
        not subscription.offer.renewable
        or subscription.expires_at is None
        or not product_type(subscription.product.product_type).upgrades
    ):
        raise Refused("change.not_possible", _("Only services sold monthly or yearly can be changed while in use."))
    if subscription.status == Subscription.Status.FROZEN:
        raise Refused("change.frozen", _("This service is frozen: it cannot be changed now."))
    if subscription.status != Subscription.Status.ACTIVE:
        raise Refused("change.not_active", _("This service is not open: it cannot be changed."))
    if now >= subscription.expires_at:
        raise Refused("change.expired", _("The paid period of this service has ended. Renew it first, then change it."))


def check_sold(subscription: Subscription) -> None:
    """Raise ``Refused`` if sales of the product are stopped or suspended (saas-v2 §8.1)."""
    product = subscription.product
    if product.status == Product.Status.FROZEN or product.seller.status != Seller.Status.ACTIVE:
        raise Refused(
            "product.frozen", _("Sales of this product are suspended at the moment. Services in use are not affected.")
        )
    if product.status != Product.Status.ON_SALE:
        raise Refused("product.stopped", _("Sales of this product have ended permanently."))


def change_targets(subscription: Subscription) -> list[Target]:
    """Return greater quantities first, then the SKUs that the seller's current rules allow for the present quantity."""
    return [*_greater_quantities(subscription), *_other_skus(subscription)]


def _greater_quantities(subscription: Subscription) -> Iterator[Target]:
    sku = subscription.offer.sku
    least = _next_quantity(sku, subscription.quantity)
    if least is not None and _sold_by_period([sku.pk]).exists():
        yield Target(subscription.offer, True, least)


def _other_skus(subscription: Subscription) -> Iterator[Target]:
    rules = UpgradeRule.objects.filter(
        source=subscription.offer.sku_id, lapsed_at=None, target__spec=subscription.offer.sku.spec_id
    )
    sold_offers = _sold_by_period(rules.values_list("target", flat=True)).filter(
        period_type=subscription.offer.period_type
    )
    for offer in sold_offers.select_related("sku__spec__product__seller").order_by("price_minor", "pk"):
        if _is_sold_in(offer.sku, subscription.quantity):
            yield Target(offer, False, subscription.quantity)


def _sold_by_period(skus: Iterable[int]) -> QuerySet[Offer]:
    return Offer.objects.filter(sku__in=skus, on_sale=True, charging_mode=ChargingMode.PERIOD, trial=False)


def _is_sold_in(sku: Sku, quantity: int) -> bool:
    return sku.quantity_min <= quantity <= sku.quantity_max and (quantity - sku.quantity_min) % sku.quantity_step == 0


def _next_quantity(sku: Sku, present_quantity: int) -> int | None:
    """Return the smallest quantity on sale above the present one."""
    steps = max(0, (present_quantity - sku.quantity_min) // sku.quantity_step + 1)
    following = sku.quantity_min + steps * sku.quantity_step
    return following if following <= sku.quantity_max else None


# --- price ---


def price_change(
    subscription: Subscription, target: Target, quantity: int, *, step_change: StepChange, now: datetime
) -> Change:
    """Return the change with its price at ``now``. Raises ``Refused`` for a quantity that is not offered, too little
    remaining time, or a lower price."""
    if not target.takes(quantity):
        raise _wrong_quantity(target)
    terms = _terms(subscription, target, quantity, step_change, now)
    fee = fee_of(terms)
    if fee.minor < 0:
        words = _("This costs less than your current service. Downgrades are possible only at renewal.")
        raise Refused("change.less", words, field="to")
    return Change(target, quantity, terms, fee)


def _wrong_quantity(target: Target) -> Refused:
    sku = target.offer.sku
    words = _("Choose a quantity from %(min)s to %(max)s in steps of %(step)s.") % {
        "min": target.least, "max": sku.quantity_max, "step": sku.quantity_step,
    }  # fmt: skip
    return Refused("order.quantity", words, HTTPStatus.BAD_REQUEST, field="quantity")


def _terms(subscription: Subscription, target: Target, quantity: int, step_change: StepChange, now: datetime) -> Terms:
    began_at, since, periods = _paid_time(subscription, now)
    current_rates, target_rates = (
        _rates(subscription.offer.sku_id, subscription.offer.currency),
        _rates(target.offer.sku_id, subscription.offer.currency, sold=True),
    )
    units = {period.offer.period_type for period in periods}
    if not units <= current_rates.keys() or not target_rates:
        raise Refused(
            "change.no_price",
            _("Your current specification is no longer sold this way, so the change cannot be priced."),
        )
    return Terms(
        currency=subscription.offer.currency,
        zone=str(timezone.get_default_timezone()),
        begun=began_at,
        counts_from=since,
        periods=tuple(
            PaidTime(
                line_number=period.line_number,
                unit=period.offer.period_type,
                starts_at=period.starts_at,
                ends_at=period.ends_at,
            )
            for period in periods
        ),
        held=tuple(current_rates[unit] for unit in sorted(units)),
        target=tuple(target_rates[unit] for unit in sorted(target_rates)),
        quantity_before=subscription.quantity,
        quantity_after=quantity,
        adds=target.adds,
        step_change=step_change,
    )


def _paid_time(subscription: Subscription, now: datetime) -> tuple[datetime, datetime, list[Period]]:
    """Return when the first paid time began, when the change takes effect, and the paid periods that remain then."""
    paid_periods = Period.objects.filter(
        subscription=subscription, cancelled_at=None, kind=Period.Kind.BASE, offer__trial=False
    )
    began_at = paid_periods.aggregate(first=Min("starts_at"))["first"]
    if began_at is None or as_quoted_time(began_at) > now:  # a service opened in this very second has begun
        words = _("The trial has not ended yet. You can change the service after the paid period starts.")
        raise Refused("change.trial", words)
    since = effective_from(now, began_at, timezone.get_default_timezone())
    periods = list(paid_periods.filter(ends_at__gt=since).select_related("offer").order_by("starts_at"))
    if not periods or subscription.expires_at is None or since >= subscription.expires_at:
        words = _("The paid period ends before the change can take effect. Renew the service first, then change it.")
        raise Refused("change.too_late", words)
    if periods[0].starts_at > since or periods[-1].ends_at != subscription.expires_at:
        raise LookupError(f"the paid time of subscription {subscription.pk} has a gap")
    return began_at, since, periods


def _rates(sku: int, currency: str, *, sold: bool = False) -> dict[str, Rate]:
    """Return the present prices of a SKU, by unit of time. ``sold``: include only offers on sale."""
    offers = Offer.objects.filter(sku=sku, charging_mode=ChargingMode.PERIOD, trial=False, currency=currency)
    if sold:
        offers = offers.filter(on_sale=True)
    return {
        offer.period_type: Rate(
            unit=offer.period_type,
            model=PriceModel(offer.model),
            price_minor=offer.price_minor,
            bands=tuple((upto, band_price) for upto, band_price in offer.bands),
        )
        for offer in offers.order_by("pk")
    }


# --- order ---


def quote_change(buyer: User, held: Subscription, change: Change, *, now: datetime, lasts: timedelta) -> str:
    """Return the quote of a change for a form. It is valid until it expires, even if the change would take effect an
    hour later by then."""
    return quotes.sign_quote(
        buyer, change.target.offer, _priced_choice(change), version=sold_version(held.product), now=now, lasts=lasts,
        terms=_digest(held, change),
    )  # fmt: skip


def as_quoted_time(now: datetime) -> datetime:
    """Return the moment as stored in a quote, so that the price can be computed again from the quote."""
    return now.replace(microsecond=0)


def _priced_choice(change: Change) -> PricedChoice:
    return PricedChoice(change.price, change.quantity, 1, change.price)


def _digest(subscription: Subscription, change: Change) -> str:
    inputs = json.dumps([subscription.pk, as_stored(change.terms)], sort_keys=True)
    return hashlib.sha256(inputs.encode()).hexdigest()[:32]


def place_change(
    buyer: User, command: ChangeService, *, now: datetime, unpaid_timeout: timedelta, step_change: StepChange
) -> Order:
    """Store the unpaid order. It keeps the quoted price until it is paid.

    The service must belong to the buyer. Raises ``Refused`` and then stores nothing.
    """
    with transaction.atomic():
        # The lock of the subscription makes sure that two tabs create one order.
        subscription = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("product__seller", "offer__sku__spec__product__seller")
            .get(pk=command.subscription, buyer=buyer)
        )
        check_changeable(subscription, now=now)
        target = next(
            (target for target in change_targets(subscription) if target.offer.product_id == command.product_id), None
        )
        if target is None:
            raise Refused(
                "change.no_rule", _("The seller does not offer this change or no longer offers it."), field="to"
            )
        shown_quote = quotes.read_quote(buyer, command.quote) if command.quote else None
        is_quoted = shown_quote is not None and now < shown_quote.expires_at
        as_of = shown_quote.made_at if shown_quote is not None and is_quoted else now
        change = price_change(
            subscription, target, command.quantity, step_change=step_change, now=as_quoted_time(as_of)
        )
        if command.quote:
            shown_quote = quotes.check_quote(
                shown_quote, target.offer, _priced_choice(change), now=now, terms=_digest(subscription, change)
            )
        acceptance = accept(
            subscription.product, agreed=command.agreed, shown_stamp=command.agreements, pay_within=unpaid_timeout, now=now
        )  # fmt: skip
        order = store_unpaid(
            buyer, Order.Type.CHANGE, change.price, now=now, pay_before=min(now + unpaid_timeout, change.terms.ends_at)
        )
        line = store_line(
            order, target.offer, _line_price(change), subscription=subscription, change_terms=as_stored(change.terms),
            accepted=acceptance, now=now,
        )  # fmt: skip
        if target.adds:
            reserve_added(line, before=subscription.quantity)
        if shown_quote is not None:
            quotes.store_quote(shown_quote, order, target.offer, _priced_choice(change), now=now)
    return order


def check_changeable(subscription: Subscription, *, now: datetime) -> None:
    """Check the conditions that do not depend on the chosen change. Raises ``Refused``."""
    check_state(subscription, now=now)
    check_sold(subscription)
    if open_changes(subscription):
        raise Refused("change.open", _("This service has an unfinished order. Pay or end that order first."))


def _line_price(change: Change) -> PricedChoice:
    """Return the price with the duration of the running paid period for the order line."""
    running_line = OrderLine.objects.filter(number=change.terms.periods[0].line_number)
    periods = running_line.values_list("period_number", flat=True).first() or 1
    return PricedChoice(change.price, change.quantity, periods, change.price)


def check_unchanged(line: OrderLine, subscription: Subscription, *, now: datetime) -> None:
    """Check before payment, and before the call to the seller, that the subscription still matches the priced terms.
    Raises ``Refused``."""
    check_state(subscription, now=now)
    terms = terms_of_line(line)
    if (subscription.expires_at, subscription.quantity) != (terms.ends_at, terms.quantity_before):
        raise Refused("change.moved", _("The paid period used to price the change no longer exists."))


def terms_of_line(line: OrderLine) -> Terms:
    if line.change_terms is None:
        raise LookupError(f"order line {line.number} has no terms of a change")
    return read_stored(line.change_terms)
