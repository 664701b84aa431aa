"""Automatic renewal: plan the attempts and place the orders for the buyer (business-rules §4.5).

The first attempt is made some days before the end, then one a day at the same time. Attempts stop when the renewal is
ordered or the service is about to be deleted. The order is placed and paid from the balance in one transaction; a
failed payment leaves no order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.base import outbox, rows, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.base.settings.orders import OrderSettings
from tradepost.market.catalog.models import Offer
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.renewable import service_end_of

from .durations import Duration, durations
from .events import AutoRenewalFailed, OrderPaid
from .models import AutoRenewal, Order, OrderLine
from .place import price_choice
from .renew import renewable_offers, renewable_offers_by_sku
from .renew_many import Renewal, order_renewals

RENEW_AT_EXPIRY = Subscription.AtExpiry.RENEW
REASONS = {
    "balance.too_low": gettext_noop("Your balance is too low."),
    "offer.unknown": gettext_noop("This duration or the product is no longer sold."),
    "order.periods": gettext_noop("This duration is no longer sold."),
    "order.quantity": gettext_noop("The quantity that you hold is no longer sold."),
    "renewal.open": gettext_noop("An order about this service is not done yet."),
    "renewal.frozen": gettext_noop("The operator has frozen this service."),
    "renewal.not_possible": gettext_noop("This service cannot be renewed at the moment."),
}
"""Reasons for a failed automatic renewal, by the code of the refusal."""
OTHER_REASON = gettext_noop("The renewal could not be ordered.")


def reason_text(code: str) -> str:
    """Return the untranslated reason for this code. The page translates it for each reader."""
    return REASONS.get(code, OTHER_REASON)


class AutoRule(Struct, frozen=True, kw_only=True):
    """Schedule of automatic renewals in a market: at time ``at`` in its zone, first ``days_before`` days before the
    end."""

    days_before: int = 7
    at: time = time(3)


DEFAULT_RULE = AutoRule()


def rule_of(settings: OrderSettings) -> AutoRule:
    return AutoRule(days_before=settings.auto_renew_days_before, at=settings.auto_renew_at)


def first_attempt_at(end: datetime, rule: AutoRule, *, not_before: datetime) -> datetime:
    """Return the first attempt for an end date. An attempt that is already due waits for the next scheduled time of
    day."""
    zone = timezone.get_default_timezone()
    day = (end.astimezone(zone) - timedelta(days=rule.days_before)).date()
    first_time = datetime.combine(day, rule.at, zone).astimezone(UTC)
    return max(first_time, next_attempt_at(not_before - timedelta(microseconds=1), rule))


def next_attempt_at(tried_at: datetime, rule: AutoRule) -> datetime:
    """Return the first scheduled time of day after ``tried_at``."""
    zone = timezone.get_default_timezone()
    local = tried_at.astimezone(zone)
    today = datetime.combine(local.date(), rule.at, zone).astimezone(UTC)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), rule.at, zone).astimezone(UTC)
    return today if today > tried_at else tomorrow


# --- plan ---


def plan(subscription: Subscription, *, rule: AutoRule, now: datetime) -> AutoRenewal | None:
    """Plan the first attempt for the current end date. The caller holds the lock of the subscription.

    None if the subscription is not renewed automatically.
    """
    return plan_all([subscription], rule=rule, now=now).get(subscription.pk)


def plan_all(subscriptions: Sequence[Subscription], *, rule: AutoRule, now: datetime) -> dict[int, AutoRenewal]:
    """Plan the first attempts of many subscriptions, by subscription key, in few statements."""
    renewed_subscriptions = [
        subscription
        for subscription in subscriptions
        if subscription.at_expiry == RENEW_AT_EXPIRY and subscription.expires_at is not None
    ]
    if left_out := {subscription.pk for subscription in subscriptions} - {
        subscription.pk for subscription in renewed_subscriptions
    }:
        AutoRenewal.objects.filter(subscription__in=left_out).delete()
    latest_starts = _latest_begin(renewed_subscriptions)
    plans = [
        AutoRenewal(
            subscription=subscription,
            ends_at=subscription.expires_at,
            next_at=_first_attempt(subscription, latest_starts.get(subscription.pk), rule=rule, now=now),
            tries=0,
        )
        for subscription in renewed_subscriptions
        if subscription.expires_at is not None
    ]
    changing = ["ends_at", "next_at", "tries", "tried_at", "reason"]
    AutoRenewal.objects.bulk_create(
        plans, update_conflicts=True, unique_fields=["subscription"], update_fields=changing
    )
    return {plan.subscription_id: plan for plan in plans}


def next_attempt_in_time(subscription: Subscription, *, rule: AutoRule, now: datetime) -> datetime | None:
    """Return the first attempt from now on for the current end date.

    None if the subscription has no end, or is deleted before the attempt.
    """
    return _first_attempt(subscription, _latest_begin([subscription]).get(subscription.pk), rule=rule, now=now)


def _first_attempt(
    subscription: Subscription, began_at: datetime | None, *, rule: AutoRule, now: datetime
) -> datetime | None:
    if subscription.expires_at is None:
        return None
    # Never before the last paid period began; otherwise daily services would buy day after day in advance.
    return _before_release(
        subscription, first_attempt_at(subscription.expires_at, rule, not_before=max(now, began_at or now))
    )


def _latest_begin(subscriptions: Collection[Subscription]) -> dict[int, datetime]:
    """Return when the latest paid period begins, by subscription key."""
    return dict(_LATEST_PERIODS([subscription.pk for subscription in subscriptions])) if subscriptions else {}


def _latest_periods(keys: Slot) -> QuerySet[Period, tuple[int, datetime]]:
    paid_periods = Period.objects.filter(Among("subscription", keys), cancelled_at=None).exclude(
        kind=Period.Kind.CHANGE
    )
    return paid_periods.values_list("subscription_id").annotate(Max("starts_at")).order_by()


_LATEST_PERIODS = Prepared((Keys(),), _latest_periods)


def _before_release(subscription: Subscription, moment: datetime) -> datetime | None:
    """Return ``moment`` if it is before the service is released.

    An automatic renewal extends the retention period to the usual length, even if the buyer chose an earlier end.
    """
    end_of_service = service_end_of(subscription, renewing=True)
    return moment if end_of_service is None or moment < end_of_service.releases_at else None


def plan_of(subscription: Subscription) -> AutoRenewal | None:
    """Return the plan for the current end date; None if there is none yet."""
    auto_renewal = AutoRenewal.objects.filter(subscription=subscription).first()
    return auto_renewal if auto_renewal is not None and auto_renewal.ends_at == subscription.expires_at else None


def _plans_of(subscriptions: Collection[Subscription]) -> dict[int, AutoRenewal]:
    return (
        {plan.subscription_id: plan for plan in _PLANS([subscription.pk for subscription in subscriptions])}
        if subscriptions
        else {}
    )


_PLANS = PreparedObjects(
    (Keys(),), lambda subscription_keys: AutoRenewal.objects.filter(Among("subscription", subscription_keys))
)


def next_attempts_of(subscriptions: Collection[Subscription], *, rule: AutoRule, now: datetime) -> dict[int, datetime]:
    """Return the next attempt by subscription key, for subscriptions that are renewed automatically.

    Ends without a plan are planned. One query if no subscription is renewed automatically.
    """
    renewed_subscriptions = {
        subscription.pk: subscription
        for subscription in subscriptions
        if subscription.at_expiry == RENEW_AT_EXPIRY and subscription.expires_at is not None
    }
    if not renewed_subscriptions:
        return {}
    plans = _plans_of(renewed_subscriptions.values())
    current_plans = {pk: plan for pk, plan in plans.items() if plan.ends_at == renewed_subscriptions[pk].expires_at}
    moved_subscriptions = [
        subscription for pk, subscription in renewed_subscriptions.items() if pk not in current_plans
    ]
    current_plans |= plan_all(moved_subscriptions, rule=rule, now=now) if moved_subscriptions else {}
    return {pk: plan.next_at for pk, plan in current_plans.items() if plan.next_at is not None}


# --- attempt ---


def renew_when_due(
    subscriptions: Sequence[Subscription], *, rule: AutoRule, now: datetime, impossible: Mapping[int, Refused]
) -> dict[int, datetime | None]:
    """Try the renewals that are due, in this order, and plan the next attempts.

    Return the next attempt by subscription key, or None. The caller holds the locks of subscriptions, offers and
    buyers. ``impossible``: refusals that the caller already knows, by subscription key. A repeated call at the same
    moment does nothing.
    """
    plans_by_key = _plans_of(subscriptions)
    plans = {
        subscription.pk: plan
        for subscription in subscriptions
        if subscription.at_expiry == RENEW_AT_EXPIRY
        and (plan := plans_by_key.get(subscription.pk)) is not None
        and plan.ends_at == subscription.expires_at
    }
    due_renewals = [
        subscription
        for subscription in subscriptions
        if subscription.pk in plans and (at := plans[subscription.pk].next_at) is not None and at <= now
    ]
    _attempt_renewals(
        [(subscription, plans[subscription.pk]) for subscription in due_renewals], impossible, rule=rule, now=now
    )
    new_plans = plan_all(
        [subscription for subscription in subscriptions if subscription.pk not in plans], rule=rule, now=now
    )
    return {
        subscription.pk: renewal_plan.next_at if (renewal_plan := (plans | new_plans).get(subscription.pk)) else None
        for subscription in subscriptions
    }


_ATTEMPT_COLUMNS = {"tries": "smallint", "tried_at": "timestamptz", "reason": "text", "next_at": "timestamptz"}


def _attempt_renewals(
    due_renewals: Sequence[tuple[Subscription, AutoRenewal]],
    impossible: Mapping[int, Refused],
    *,
    rule: AutoRule,
    now: datetime,
) -> None:
    if not due_renewals:
        return
    keys = _idempotency_keys(due_renewals)
    orders_by_subscription = order_renewals(
        [
            Renewal(
                subscription=subscription,
                duration=duration_of(subscription),
                idempotency_key=keys[subscription.pk],
                impossible=impossible.get(subscription.pk),
            )
            for subscription, _ in due_renewals
        ],
        now=now,
    )
    events: list[OrderPaid | AutoRenewalFailed] = []
    for subscription, due_plan in due_renewals:
        result = orders_by_subscription[subscription.pk]
        due_plan.tries += 1
        due_plan.tried_at, due_plan.reason = now, result.code if isinstance(result, Refused) else ""
        due_plan.next_at = _before_release(subscription, next_attempt_at(now, rule))
        events.append(
            AutoRenewalFailed(
                subscription=subscription.pk, reason=result.code, ends=due_plan.ends_at, next_at=due_plan.next_at
            )
            if isinstance(result, Refused)
            else OrderPaid(order=result.number)
        )
    rows.update(
        "orders_autorenewal",
        _ATTEMPT_COLUMNS,
        (
            {
                "id": plan.pk, "tries": plan.tries, "tried_at": rows.moment(plan.tried_at), "reason": plan.reason,
                "next_at": rows.moment(plan.next_at),
            }
            for _, plan in due_renewals
        ),
    )  # fmt: skip
    outbox.publish_all(events, now=now)
    work.wake()


def renewal_prices(subscription: Subscription, offers: Sequence[Offer] | None = None) -> dict[Duration, Money]:
    """Return the durations for which the subscription can be renewed today, shortest first, with their prices.

    One query, or none if its ``offers`` are known.
    """
    prices: dict[Duration, Money] = {}
    offers = renewable_offers(subscription) if offers is None else offers
    for duration in durations(offers):
        offer = next(offer for offer in offers if offer.period_type == duration.period_type)
        with suppress(Refused):  # the quantity is no longer offered
            prices[duration] = price_choice(offer, quantity=subscription.quantity, periods=duration.periods).total
    return prices


def renewal_price(subscription: Subscription) -> Money | None:
    """Return today's price of its automatic renewal; None if that duration is not on sale."""
    return renewal_prices(subscription).get(duration_of(subscription))


def renewal_prices_of(subscriptions: Collection[Subscription]) -> dict[int, Money]:
    """Return today's prices of automatic renewals, by subscription key, in one query. Renewals not on sale are left
    out."""
    offers = (
        renewable_offers_by_sku({subscription.offer.sku_id for subscription in subscriptions}) if subscriptions else {}
    )
    prices = {
        subscription.pk: renewal_prices(subscription, offers.get(subscription.offer.sku_id, ())).get(
            duration_of(subscription)
        )
        for subscription in subscriptions
    }
    return {pk: price for pk, price in prices.items() if price is not None}


def duration_of(subscription: Subscription) -> Duration:
    """Return the duration of each automatic renewal."""
    return Duration(subscription.auto_period_type, subscription.auto_periods)


def _idempotency_keys(due: Sequence[tuple[Subscription, AutoRenewal]]) -> dict[int, str]:
    """Return the idempotency keys, by subscription key: one order for each end date.

    A suffix allows the next order after one was refunded or cancelled.
    """
    keys = {subscription.pk: f"auto/{subscription.pk}/{planned.ends_at:%Y%m%d%H%M%S}" for subscription, planned in due}
    automatic_lines = OrderLine.objects.filter(order__origin=Order.Origin.TIMER)
    used = automatic_lines.filter(subscription__in=keys, order__idempotency_key__in=keys.values())
    for pk in set(used.values_list("subscription_id", flat=True)):
        before = automatic_lines.filter(subscription=pk, order__idempotency_key__startswith=keys[pk]).count()
        keys[pk] = f"{keys[pk]}/{before}"
    return keys
