"""Renew what a buyer holds: an order like any other, for more of the same (business-rules §4.4, §4.5).

What a renewal costs the platform does not say (§16): here it is the price that the product has when the renewal is ordered.
What was withdrawn from sale runs until its end and is not renewed (§2.8); while its trading is frozen a product is still
renewed: a freeze stops new purchases, and whoever holds a service keeps it.
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
from .place import RENEWED, find_offer, quote, store_line, store_unpaid
from .pricing import Priced, PriceLine, Tariff, price


class RenewService(Struct, frozen=True, kw_only=True):
    """What a buyer chose: ``product_id`` is an offer's of the SKU that is held, since month and year may be changed for
    each other (saas-v2 §3.3); the quantity stays."""

    subscription: int
    product_id: str
    periods: int
    agreed: bool = False
    agreements: str = ""
    align_day: int = 0
    """Of the month on which it is to end, with the days until then paid for (``align``); 0: it ends when the duration does."""
    idempotency_key: str = ""
    """Names the request: sent again it makes no second order. Empty where it has none."""
    origin: Order.Origin = Order.Origin.BUYER
    shown: tuple[Money, datetime] | None = None
    """What it costs and until when it lasts then, as the buyer saw it: nothing else is ordered. None where nobody looked."""


def place_renewal(buyer: User, command: RenewService, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Store the order, unpaid. Raises ``Refused``; nothing is stored then. The service must be the buyer's own."""
    with transaction.atomic():
        # Under the lock of what is held, so that two tabs make one order.
        held = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("buyer", "offer", "product")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_renewable(held, now=now)
        if open_changes(held):
            raise being_changed()
        offer = find_offer(command.product_id, renewed=True)
        if offer.sku_id != held.offer.sku_id or not offer.renewable:
            raise Refused("renewal.other", _("A renewal keeps the edition: choose one of its durations."), field="plan")
        priced, until = _priced(held, offer, command)
        ends = until or renewed_end(held, offer.period_type, command.periods)
        if command.shown is not None and command.shown != (priced.total, ends):
            raise moved_meanwhile()
        accepted = accept(
            offer.sku.spec.product, agreed=command.agreed, shown=command.agreements, origin=command.origin,
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
        store_line(order, offer, priced, subscription=held, until=until, accepted=accepted, now=now)
    return order


def being_changed() -> Refused:
    return Refused("renewal.open", _("This service has an order that is not done yet. End or pay that one first."))


def moved_meanwhile() -> Refused:
    return Refused("renewal.moved", _("Prices or dates have changed: check them and choose again."), field="option")


def _priced(held: Subscription, offer: Offer, command: RenewService) -> tuple[Priced, datetime | None]:
    """What it costs, and its end where that does not follow from the duration."""
    priced = quote(offer, quantity=held.quantity, periods=command.periods)
    if not command.align_day:
        return priced, None
    aligned = None
    if command.align_day in DAYS:
        aligned = align_renewal(held, renewed_end(held, offer.period_type, command.periods), command.align_day)
    if aligned is None:
        raise Refused(
            "renewal.not_aligned",
            _("This service cannot be made to end on that day: choose a duration without it."),
            HTTPStatus.BAD_REQUEST,
            field="option",
        )
    return with_alignment(priced, aligned), aligned.until


def align_renewal(held: Subscription, end: datetime, day: int) -> Alignment | None:
    """From the end that a renewal leads to on to this day of the month; None where it is that day already, or where the
    edition is not sold by the month, so that nobody knows what a part of one costs."""
    month = _month_price(held)
    return None if month is None else align(end, day, month=month)


def _month_price(held: Subscription) -> Money | None:
    monthly = next((offer for offer in on_sale(held) if offer.period_type == Offer.PeriodType.MONTH), None)
    return price(Tariff.of(monthly), quantity=held.quantity, periods=1).total if monthly else None


def check_renewable(held: Subscription, *, now: datetime) -> datetime:
    """Until when it can be renewed. Raises ``Refused`` when it never could, or that is over."""
    until = renewable_until(held)
    if until is None:
        raise Refused("renewal.not_possible", _("This service cannot be renewed."))
    if now >= until:
        raise Refused("renewal.too_late", _("The time to renew this service is over: its data is being deleted."))
    if frozen_by_hand([held]):
        raise Refused(
            "renewal.frozen",
            _("The operator has frozen this service: it cannot be renewed before that is lifted. Ask the operator."),
        )
    return until


class Option(Struct, frozen=True):
    """One way to renew a service, and until when it would last then."""

    offer: Offer
    priced: Priced
    until: datetime
    align_day: int = 0

    @property
    def extra(self) -> PriceLine | None:
        """What the days until the buyer's own day of the month cost."""
        return self.priced.lines[-1] if self.align_day else None

    @property
    def without(self) -> Money:
        """What the duration alone costs."""
        extra = self.extra.amount_minor if self.extra else 0
        return Money(self.priced.total.minor - extra, self.priced.total.currency)


def renewal_options(held: Subscription, offers: Sequence[Offer] | None = None) -> list[Option]:
    """By the present price first, then by the other period of the same edition; shorter before longer. Nothing when it
    cannot be renewed, or was withdrawn from sale. ``offers``: as ``on_sale`` gives them, where they are known."""
    if renewable_until(held) is None:
        return []
    offers = sorted(on_sale(held) if offers is None else offers, key=lambda offer: offer.pk != held.offer_id)
    return [
        option for offer in offers for periods in sorted(offer.period_numbers) for option in _of(held, offer, periods)
    ]


def on_sale(held: Subscription) -> list[Offer]:
    """By what the edition that is held can be renewed."""
    return all_on_sale({held.offer.sku_id}).get(held.offer.sku_id, [])


def all_on_sale(skus: Collection[int]) -> dict[int, list[Offer]]:
    """The same for many editions, in one query."""
    found: dict[int, list[Offer]] = {}
    for offer in _ON_SALE(skus) if skus else ():
        if offer.renewable:
            found.setdefault(offer.sku_id, []).append(offer)
    return found


def _on_sale(skus: Slot) -> QuerySet[Offer]:
    offers = Offer.objects.select_related("sku__spec__product__seller").filter(
        Among("sku", skus), on_sale=True, sku__spec__product__status__in=RENEWED
    )
    return offers.order_by("period_type", "pk")


_ON_SALE = PreparedObjects((Keys(),), _on_sale)


def aligned_options(held: Subscription, options: Sequence[Option], day: int) -> list[Option]:
    """The same durations, each going on to this day of the month; without those that end on it by themselves."""
    month = _month_price(held) if day in DAYS else None
    if month is None:
        return []
    return [
        Option(option.offer, with_alignment(option.priced, aligned), aligned.until, day)
        for option in options
        if (aligned := align(option.until, day, month=month)) is not None
    ]


def _of(held: Subscription, offer: Offer, periods: int) -> Iterator[Option]:
    try:
        priced = quote(offer, quantity=held.quantity, periods=periods)
    except Refused:  # a quantity that is not offered any more
        return
    yield Option(offer, priced, renewed_end(held, offer.period_type, periods))
