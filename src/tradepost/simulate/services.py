"""What buyers do to a service that they have: change it, make it formal, renew it as another one, say what becomes of it, end it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment import converting, renew_changing
from tradepost.market.fulfilment.changing import may_change, order_change
from tradepost.market.fulfilment.expiry_policy import AtExpiry, SetExpiryPolicy, has_policy, set_expiry_policy, ways
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.orders import refund_requests
from tradepost.market.orders.auto_renew import RULE
from tradepost.market.orders.change import ChangeService, priced, show, targets, to_the_second
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_terms import Rules, Way
from tradepost.market.orders.refunds import what_may
from tradepost.market.subscriptions.models import Subscription

from .looking import UNPAID_TIMEOUT, Look, Post, as_shown, held_by

STEP_CHANGE = StepChange.GRADUATED
QUOTE_LASTS = timedelta(hours=1)
REFUNDS = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
CHANGES = renew_changing.Rules(days_before=30, lasts_minutes=30, unpaid_timeout=UNPAID_TIMEOUT)
PATIENCE = refund_requests.Patience(contact_workdays=7, appeal_days=10, zone=ZoneInfo("Asia/Shanghai"))
"""As the settings of a market that sets none."""


def changes(look: Look) -> Post | None:
    """More of it, or the larger edition, as it was quoted."""
    held = held_by(look)
    if held is None or not may_change(held, now=look.now):
        return None
    target = look.one_of(targets(held))
    if target is None:
        return None
    quantity = target.least + look.chance.randint(0, 2) if target.adds else target.least
    as_of = to_the_second(look.now)
    change = priced(held, target, quantity, step_change=STEP_CHANGE, now=as_of)
    quote = show(look.buyer, held, change, now=as_of, lasts=QUOTE_LASTS)
    command = ChangeService(
        subscription=held.pk, product_id=target.offer.product_id, quantity=quantity, agreed=True, quote=quote
    )

    def do(now: datetime) -> Order:
        return as_shown(
            order_change(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT, step_change=STEP_CHANGE),
            change.price.major,
        )

    return Post(
        words=f"{look.buyer} changes service {held.pk} to {quantity} of offer {target.offer.pk}", do=do, about=held.pk
    )


def _within_spec(look: Look, held: Subscription, *, quantity: int | None = None) -> tuple[WithinSpec, Money] | None:
    """Paid time of the specification that is held, in any of its editions, and what it costs."""
    offers = Offer.objects.filter(sku__spec=held.offer.sku.spec_id, on_sale=True, trial=False)
    offer = look.one_of([one for one in offers.select_related("sku").order_by("pk") if one.renewable])
    if offer is None:
        return None
    number = quantity or look.chance.randint(1, min(4, offer.sku.quantity_max))
    periods = look.chance.choice(offer.period_numbers)
    command = WithinSpec(
        subscription=held.pk, product_id=offer.product_id, quantity=number, periods=periods, agreed=True
    )
    return command, Money(offer.price_minor * number * periods, offer.currency)


def converts(look: Look) -> Post | None:
    """A trial becomes formal."""
    held = held_by(look)
    if held is None or not converting.may_convert(held, now=look.now):
        return None
    found = _within_spec(look, held, quantity=held.quantity if converting.keeps_quantity(held) else None)
    if found is None:
        return None
    command, shown = found

    def do(now: datetime) -> Order:
        order = converting.convert(held, look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT)
        return as_shown(order, shown.major)

    return Post(words=f"{look.buyer} makes service {held.pk} formal", do=do, about=held.pk)


def asks_and_renews_changed(look: Look) -> Post | None:
    """The seller is asked whether it can; what it has agreed to is ordered."""
    held = held_by(look)
    if held is None or not renew_changing.may_renew_changed(held, now=look.now, days_before=CHANGES.days_before):
        return None
    check = renew_changing.latest_check(held)
    if check is not None and check.until is not None and look.now < check.until:
        return _renews_as(look, held, check)
    found = _within_spec(look, held)
    if found is None:
        return None
    command, _shown = found

    def do(now: datetime) -> None:
        renew_changing.ask_seller(held, command, actor=look.buyer.email, rules=CHANGES, now=now)

    return Post(words=f"{look.buyer} asks whether service {held.pk} can be renewed as another", do=do, about=held.pk)


def _renews_as(look: Look, held: Subscription, check: renew_changing.Check) -> Post:
    offer = Offer.objects.get(product_id=check.target.product_id)
    periods = look.chance.choice(offer.period_numbers)
    command = WithinSpec(
        subscription=held.pk, product_id=offer.product_id, quantity=check.target.quantity, periods=periods, agreed=True
    )
    shown = Money(offer.price_minor * command.quantity * periods, offer.currency)

    def do(now: datetime) -> Order:
        return as_shown(renew_changing.order_changed(held, look.buyer, command, rules=CHANGES, now=now), shown.major)

    return Post(words=f"{look.buyer} renews service {held.pk} as another", do=do, about=held.pk)


def sets_policy(look: Look) -> Post | None:
    """What becomes of it at its end: kept, renewed automatically, deleted."""
    held = held_by(look)
    if held is None or not has_policy(held):
        return None
    durations = list(ways(held))
    wanted = look.chance.choice((AtExpiry.RENEW, AtExpiry.RENEW, AtExpiry.KEEP, AtExpiry.END))
    duration = look.one_of(durations) if wanted == AtExpiry.RENEW else None
    command = SetExpiryPolicy(subscription=held.pk, at_expiry=wanted, duration=duration)

    def do(now: datetime) -> None:
        set_expiry_policy(look.buyer, command, rule=RULE, now=now)

    return Post(words=f"{look.buyer} wants service {held.pk} at its end: {wanted.value}", do=do, about=held.pk)


def unsubscribes(look: Look) -> Post | None:
    """What was shown to be paid back is paid back: a renewal that has not begun, or all of it within the first days."""
    held = held_by(look)
    terms = (
        look.one_of(
            [
                one
                for one in what_may(held, REFUNDS, now=look.now, stalled=stalled_orders(held)).ways
                if one.way != Way.NEGOTIATED
            ]
        )
        if held
        else None
    )
    if held is None or terms is None:
        return None
    command = Unsubscribe(
        subscription=held.pk, way=terms.way, back_minor=terms.back.minor, agreed=True,
        idempotency_key=f"form-{look.chance.randrange(10**12)}",
    )  # fmt: skip

    def do(now: datetime) -> None:
        unsubscribe(look.buyer, command, rules=REFUNDS, now=now)

    return Post(
        words=f"{look.buyer} unsubscribes service {held.pk} ({terms.way}), {terms.back.major} back",
        do=do,
        about=held.pk,
    )


def asks_for_a_refund(look: Look) -> Post | None:
    """Of what only the seller can agree to; one that waits is withdrawn, or brought before the operator."""
    waiting = Refund.objects.filter(buyer=look.buyer, status__in=OPEN_REFUNDS, kind=Refund.Kind.NEGOTIATED)
    refund = look.one_of(list(waiting.order_by("pk")))
    if refund is not None:
        return _goes_on(look, refund)
    held = held_by(look)
    terms = what_may(held, REFUNDS, now=look.now, stalled=stalled_orders(held)).way(Way.NEGOTIATED) if held else None
    if held is None or terms is None:
        return None
    wanted = refund_requests.AskForRefund(
        subscription=held.pk,
        amount_minor=look.chance.randint(min(1, terms.back.minor), terms.back.minor),
        reason="too slow",
    )

    def do(now: datetime) -> None:
        refund_requests.ask_for_refund(
            look.buyer,
            wanted,
            rules=REFUNDS,
            patience=PATIENCE,
            a_day=20,
            now=now,
            stalled=stalled_orders(held),
        )

    return Post(
        words=f"{look.buyer} asks to have {wanted.amount_minor} of service {held.pk} back", do=do, about=held.pk
    )


def _goes_on(look: Look, refund: Refund) -> Post:
    withdraws = look.chance.random() < 0.5
    act: Callable[[datetime], None]
    if withdraws:
        words = f"{look.buyer} withdraws request {refund.pk}"

        def act(now: datetime) -> None:
            refund_requests.withdraw(refund, now=now)

    else:
        words = f"{look.buyer} appeals about request {refund.pk}"

        def act(now: datetime) -> None:
            refund_requests.appeal(refund, "nobody answers", now=now)

    return Post(words=words, do=act, about=refund.subscription_id)
