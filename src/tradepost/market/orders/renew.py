"""Renew a service by another order for the same edition and quantity (business-rules §4.4, §4.5).

A renewal costs the present price of the product (§16 leaves it open). Products withdrawn from sale are not renewed
(§2.8); a freeze of trading does not affect renewals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Among, Keys, PreparedObjects, Slot
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.frozen_by_hand import frozen_by_hand
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until, renewed_end

from .agreements import accept
from .align import DAYS, Alignment, align, with_alignment
from .changes import open_changes
from .models import Order
from .place import RENEWABLE_STATUSES, find_offer, price_choice, store_line, store_unpaid
from .pricing import PricedChoice, PriceLine, Tariff, calculate_price


class RenewService(Struct, frozen=True, kw_only=True):
    """Renewal that a buyer chose. ``product_id``: an offer of the same SKU; month and year are interchangeable (saas-v2
    §3.3)."""

    subscription: int
    product_id: str
    periods: int
    agreed: bool = False
    agreements: str = ""
    align_day: int = 0
    """Day of the month to align the end to, at an extra charge (``align``); 0: the duration decides the end."""
    idempotency_key: str = ""
    """Identifies the request; a repetition places no second order. Empty without one."""
    origin: Order.Origin = Order.Origin.BUYER
    shown: tuple[Money, datetime] | None = None
    """Price and end that the page showed; any difference refuses the order. None if no page showed them."""


def place_renewal(buyer: User, command: RenewService, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Store the unpaid order. The service must belong to the buyer. Raises ``Refused`` and then stores nothing."""
    with transaction.atomic():
        # The lock of the subscription makes sure that two tabs create one order.
        subscription = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("buyer", "offer", "product")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_renewable(subscription, now=now)
        if open_changes(subscription):
            raise open_order()
        offer = find_offer(command.product_id, renewed=True)
        if offer.sku_id != subscription.offer.sku_id or not offer.renewable:
            raise Refused(
                "renewal.other", _("A renewal cannot change the edition. Choose one of its durations."), field="plan"
            )
        priced, until = _priced(subscription, offer, command)
        ends = until or renewed_end(subscription, offer.period_type, command.periods)
        if command.shown is not None and command.shown != (priced.total, ends):
            raise price_or_date_refusal()
        acceptance = accept(
            offer.sku.spec.product, agreed=command.agreed, shown_stamp=command.agreements, origin=command.origin,
            pay_within=unpaid_timeout, now=now,
        )  # fmt: skip
        order = store_unpaid(
            buyer,
            Order.Type.RENEW,
            priced.total,
            now=now,
            pay_before=min(now + unpaid_timeout, last_moment),
            idempotency_key=command.idempotency_key,
            origin=command.origin,
        )
        store_line(order, offer, priced, subscription=subscription, until=until, accepted=acceptance, now=now)
    return order


def open_order() -> Refused:
    return Refused("renewal.open", _("This service has an unfinished order. Pay or end that order first."))


def price_or_date_refusal() -> Refused:
    return Refused("renewal.moved", _("Prices or dates have changed: check them and choose again."), field="option")


def _priced(subscription: Subscription, offer: Offer, command: RenewService) -> tuple[PricedChoice, datetime | None]:
    """Return the price, and the end if the renewal is aligned."""
    priced = price_choice(offer, quantity=subscription.quantity, periods=command.periods)
    if not command.align_day:
        return priced, None
    alignment = None
    if command.align_day in DAYS:
        alignment = align_renewal(
            subscription, renewed_end(subscription, offer.period_type, command.periods), command.align_day
        )
    if alignment is None:
        raise Refused(
            "renewal.not_aligned",
            _("This service cannot be set to expire on that date. Choose a duration without the unified expiry date."),
            HTTPStatus.BAD_REQUEST,
            field="option",
        )
    return with_alignment(priced, alignment), alignment.until


def align_renewal(subscription: Subscription, end: datetime, day: int) -> Alignment | None:
    """Align the end of a renewal to this day of the month. None if it already falls on that day, or the edition has no
    monthly price."""
    month = _month_price(subscription)
    return None if month is None else align(end, day, month=month)


def _month_price(subscription: Subscription) -> Money | None:
    monthly = next(
        (offer for offer in renewable_offers(subscription) if offer.period_type == Offer.PeriodType.MONTH), None
    )
    return calculate_price(Tariff.of(monthly), quantity=subscription.quantity, periods=1).total if monthly else None


def check_renewable(subscription: Subscription, *, now: datetime) -> datetime:
    """Return the deadline for renewals. Raises ``Refused`` if the service is not renewable or the deadline has passed."""
    until = renewable_until(subscription)
    if until is None:
        raise Refused("renewal.not_possible", _("This service cannot be renewed."))
    if now >= until:
        raise Refused("renewal.too_late", _("The renewal period has ended, so this service can no longer be renewed."))
    if frozen_by_hand([subscription]):
        raise Refused(
            "renewal.frozen",
            _("The operator has frozen this service, so it cannot be renewed. Ask the operator to unfreeze it."),
        )
    return until


class Option(Struct, frozen=True):
    """One possible renewal and its end."""

    offer: Offer
    priced: PricedChoice
    until: datetime
    align_day: int = 0

    @property
    def extra(self) -> PriceLine | None:
        """Price of the extra days for the alignment."""
        return self.priced.lines[-1] if self.align_day else None

    @property
    def without(self) -> Money:
        """Price without the alignment."""
        extra_minor = self.extra.amount_minor if self.extra else 0
        return Money(self.priced.total.minor - extra_minor, self.priced.total.currency)


def renewal_options(subscription: Subscription, offers: Sequence[Offer] | None = None) -> list[Option]:
    """Return the possible renewals: the present offer first, then the other period types; shorter before longer.

    Empty if the service is not renewable or the product is withdrawn. ``offers``: result of ``on_sale``, if known.
    """
    if renewable_until(subscription) is None:
        return []
    offers = sorted(
        renewable_offers(subscription) if offers is None else offers,
        key=lambda offer: offer.pk != subscription.offer_id,
    )
    return [
        option
        for offer in offers
        for periods in sorted(offer.period_numbers)
        for option in _options_of(subscription, offer, periods)
    ]


def renewable_offers(subscription: Subscription) -> list[Offer]:
    """Return the offers by which this edition can be renewed."""
    return renewable_offers_by_sku({subscription.offer.sku_id}).get(subscription.offer.sku_id, [])


def renewable_offers_by_sku(skus: Collection[int]) -> dict[int, list[Offer]]:
    """Return the renewable offers of many SKUs, by SKU key, in one query."""
    by_sku: dict[int, list[Offer]] = {}
    for offer in _RENEWABLE_OFFERS(skus) if skus else ():
        if offer.renewable:
            by_sku.setdefault(offer.sku_id, []).append(offer)
    return by_sku


def _select_renewable_offers(skus: Slot) -> QuerySet[Offer]:
    offers = Offer.objects.select_related("sku__spec__product__seller").filter(
        Among("sku", skus), on_sale=True, sku__spec__product__status__in=RENEWABLE_STATUSES
    )
    return offers.order_by("period_type", "pk")


_RENEWABLE_OFFERS = PreparedObjects((Keys(),), _select_renewable_offers)


def aligned_options(subscription: Subscription, options: Sequence[Option], day: int) -> list[Option]:
    """Align each renewal to this day of the month; those that already end on it are left out."""
    month = _month_price(subscription) if day in DAYS else None
    if month is None:
        return []
    return [
        Option(option.offer, with_alignment(option.priced, alignment), alignment.until, day)
        for option in options
        if (alignment := align(option.until, day, month=month)) is not None
    ]


def _options_of(subscription: Subscription, offer: Offer, periods: int) -> Iterator[Option]:
    try:
        priced = price_choice(offer, quantity=subscription.quantity, periods=periods)
    except Refused:  # the quantity is no longer offered
        return
    yield Option(offer, priced, renewed_end(subscription, offer.period_type, periods))
