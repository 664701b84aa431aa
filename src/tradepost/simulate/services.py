"""Actions of buyers on their services: change, convert a trial, renew as another product, set the renewal policy,
unsubscribe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment import converting, renew_changing
from tradepost.market.fulfilment.changing import may_change, order_change
from tradepost.market.fulfilment.expiry_policy import (
    AtExpiry,
    SetExpiryPolicy,
    has_policy,
    renewal_choices,
    set_expiry_policy,
)
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.orders import refund_requests
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.change import ChangeService, as_quoted_time, change_targets, price_change, quote_change
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_terms import RefundRules, RefundWay
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.subscriptions.models import Subscription

from .looking import UNPAID_TIMEOUT, FormSubmission, PageVisit, check_price, choose_service

STEP_CHANGE = StepChange.GRADUATED
QUOTE_LIFETIME = timedelta(hours=1)
REFUND_RULES = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
CHANGE_RULES = renew_changing.ChangeRules(days_before=30, lasts_minutes=30, unpaid_timeout=UNPAID_TIMEOUT)
RESPONSE_TIMES = refund_requests.ResponseTimes(contact_workdays=7, appeal_days=10, zone=ZoneInfo("Asia/Shanghai"))
"""The defaults of a market's settings."""


def change_service(look: PageVisit) -> FormSubmission | None:
    """Increase the quantity or change to the larger edition, at the quoted price."""
    service = choose_service(look)
    if service is None or not may_change(service, now=look.now):
        return None
    target = look.one_of(change_targets(service))
    if target is None:
        return None
    quantity = target.least + look.chance.randint(0, 2) if target.adds else target.least
    as_of = as_quoted_time(look.now)
    change = price_change(service, target, quantity, step_change=STEP_CHANGE, now=as_of)
    quote = quote_change(look.buyer, service, change, now=as_of, lasts=QUOTE_LIFETIME)
    command = ChangeService(
        subscription=service.pk, product_id=target.offer.product_id, quantity=quantity, agreed=True, quote=quote
    )

    def do(now: datetime) -> Order:
        return check_price(
            order_change(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT, step_change=STEP_CHANGE),
            change.price.major,
        )

    return FormSubmission(
        words=f"{look.buyer} changes service {service.pk} to {quantity} of offer {target.offer.pk}",
        do=do,
        about=service.pk,
    )


def _within_spec(
    look: PageVisit, service: Subscription, *, quantity: int | None = None
) -> tuple[WithinSpec, Money] | None:
    """Return paid time of the same specification, in any of its editions, and its price."""
    offers = Offer.objects.filter(sku__spec=service.offer.sku.spec_id, on_sale=True, trial=False)
    offer = look.one_of(
        [offer_found for offer_found in offers.select_related("sku").order_by("pk") if offer_found.renewable]
    )
    if offer is None:
        return None
    number = quantity or look.chance.randint(1, min(4, offer.sku.quantity_max))
    periods = look.chance.choice(offer.period_numbers)
    command = WithinSpec(
        subscription=service.pk, product_id=offer.product_id, quantity=number, periods=periods, agreed=True
    )
    return command, Money(offer.price_minor * number * periods, offer.currency)


def convert(look: PageVisit) -> FormSubmission | None:
    """Convert a trial to a paid service."""
    service = choose_service(look)
    if service is None or not converting.may_convert(service, now=look.now):
        return None
    choice = _within_spec(look, service, quantity=service.quantity if converting.is_quantity_fixed(service) else None)
    if choice is None:
        return None
    command, displayed_price = choice

    def do(now: datetime) -> Order:
        order = converting.convert(service, look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT)
        return check_price(order, displayed_price.major)

    return FormSubmission(words=f"{look.buyer} makes service {service.pk} formal", do=do, about=service.pk)


def renew_changed(look: PageVisit) -> FormSubmission | None:
    """Ask the seller whether a renewal with change is possible, and order one that it accepted."""
    service = choose_service(look)
    if service is None or not renew_changing.may_renew_changed(
        service, now=look.now, days_before=CHANGE_RULES.days_before
    ):
        return None
    check = renew_changing.latest_check(service)
    if check is not None and check.until is not None and look.now < check.until:
        return _renew_as(look, service, check)
    choice = _within_spec(look, service)
    if choice is None:
        return None
    command, _shown = choice

    def do(now: datetime) -> None:
        renew_changing.request_agreement(service, command, actor=look.buyer.email, rules=CHANGE_RULES, now=now)

    return FormSubmission(
        words=f"{look.buyer} asks whether service {service.pk} can be renewed as another", do=do, about=service.pk
    )


def _renew_as(look: PageVisit, service: Subscription, check: renew_changing.AgreementCheck) -> FormSubmission:
    offer = Offer.objects.get(product_id=check.target.product_id)
    periods = look.chance.choice(offer.period_numbers)
    command = WithinSpec(
        subscription=service.pk,
        product_id=offer.product_id,
        quantity=check.target.quantity,
        periods=periods,
        agreed=True,
    )
    displayed_price = Money(offer.price_minor * command.quantity * periods, offer.currency)

    def do(now: datetime) -> Order:
        return check_price(
            renew_changing.order_changed(service, look.buyer, command, rules=CHANGE_RULES, now=now),
            displayed_price.major,
        )

    return FormSubmission(words=f"{look.buyer} renews service {service.pk} as another", do=do, about=service.pk)


def set_policy(look: PageVisit) -> FormSubmission | None:
    """Set what happens at the end: keep, renew automatically, or delete."""
    service = choose_service(look)
    if service is None or not has_policy(service):
        return None
    durations = list(renewal_choices(service))
    policy = look.chance.choice((AtExpiry.RENEW, AtExpiry.RENEW, AtExpiry.KEEP, AtExpiry.END))
    duration = look.one_of(durations) if policy == AtExpiry.RENEW else None
    command = SetExpiryPolicy(subscription=service.pk, at_expiry=policy, duration=duration)

    def do(now: datetime) -> None:
        set_expiry_policy(look.buyer, command, rule=DEFAULT_RULE, now=now)

    return FormSubmission(
        words=f"{look.buyer} wants service {service.pk} at its end: {policy.value}", do=do, about=service.pk
    )


def unsubscribe_service(look: PageVisit) -> FormSubmission | None:
    """Unsubscribe for the displayed refund: a renewal that has not begun, or everything within the first days."""
    service = choose_service(look)
    terms = (
        look.one_of(
            [
                option
                for option in possible_refunds(
                    service, REFUND_RULES, now=look.now, stalled=stalled_orders(service)
                ).ways
                if option.way != RefundWay.NEGOTIATED
            ]
        )
        if service
        else None
    )
    if service is None or terms is None:
        return None
    command = Unsubscribe(
        subscription=service.pk, way=terms.way, back_minor=terms.back.minor, agreed=True,
        idempotency_key=f"form-{look.chance.randrange(10**12)}",
    )  # fmt: skip

    def do(now: datetime) -> None:
        unsubscribe(look.buyer, command, rules=REFUND_RULES, now=now)

    return FormSubmission(
        words=f"{look.buyer} unsubscribes service {service.pk} ({terms.way}), {terms.back.major} back",
        do=do,
        about=service.pk,
    )


def request_refund(look: PageVisit) -> FormSubmission | None:
    """Request a refund that needs the seller's consent; withdraw a waiting request or appeal to the operator."""
    waiting_refunds = Refund.objects.filter(buyer=look.buyer, status__in=OPEN_REFUNDS, kind=Refund.Kind.NEGOTIATED)
    refund = look.one_of(list(waiting_refunds.order_by("pk")))
    if refund is not None:
        return _continue_refund(look, refund)
    service = choose_service(look)
    terms = (
        possible_refunds(service, REFUND_RULES, now=look.now, stalled=stalled_orders(service)).way(RefundWay.NEGOTIATED)
        if service
        else None
    )
    if service is None or terms is None:
        return None
    expected_request = refund_requests.RefundRequest(
        subscription=service.pk,
        amount_minor=look.chance.randint(min(1, terms.back.minor), terms.back.minor),
        reason="too slow",
    )

    def do(now: datetime) -> None:
        refund_requests.request_refund(
            look.buyer,
            expected_request,
            rules=REFUND_RULES,
            patience=RESPONSE_TIMES,
            a_day=20,
            now=now,
            stalled=stalled_orders(service),
        )

    return FormSubmission(
        words=f"{look.buyer} asks to have {expected_request.amount_minor} of service {service.pk} back",
        do=do,
        about=service.pk,
    )


def _continue_refund(look: PageVisit, refund: Refund) -> FormSubmission:
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

    return FormSubmission(words=words, do=act, about=refund.subscription_id)
