"""Renew automatically: when it is tried, and the order that the market places for the buyer (business-rules §4.5).

Tried from some days before the end on, at the same time of each day, until it is ordered or the service is about to be
deleted. An order is placed and paid from the balance at once, or not at all: what cannot be paid leaves nothing behind.
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
from tradepost.market.base.renewal_settings import RenewalSettings
from tradepost.market.catalog.models import Offer
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.renewable import ending_of

from .durations import Duration, durations
from .events import AutoRenewalFailed, OrderPaid
from .models import AutoRenewal, Order, OrderLine
from .place import quote
from .renew import all_on_sale, on_sale
from .renew_many import Renewal, order_renewals

RENEW = Subscription.AtExpiry.RENEW
REASONS = {
    "balance.too_low": gettext_noop("Your balance does not reach."),
    "offer.unknown": gettext_noop("This duration, or the product itself, is not sold any more."),
    "order.periods": gettext_noop("This duration is not sold any more."),
    "order.quantity": gettext_noop("The quantity that you hold is not sold any more."),
    "renewal.open": gettext_noop("An order about this service is not done yet."),
    "renewal.frozen": gettext_noop("The operator has frozen this service."),
    "renewal.not_possible": gettext_noop("This service cannot be renewed at the moment."),
}
"""Why it was not ordered, by the code of the refusal."""
ANOTHER = gettext_noop("It could not be ordered.")


def reason_words(code: str) -> str:
    """As it stands in the source: each reader's page translates it."""
    return REASONS.get(code, ANOTHER)


class AutoRule(Struct, frozen=True, kw_only=True):
    """When a market tries: ``at`` this time of its zone, first on the day that lies so many days before that of the end."""

    days_before: int = 7
    at: time = time(3)


RULE = AutoRule()


def rule_of(settings: RenewalSettings) -> AutoRule:
    return AutoRule(days_before=settings.auto_renew_days_before, at=settings.auto_renew_at)


def first_try(end: datetime, rule: AutoRule, *, not_before: datetime) -> datetime:
    """Of an end that moved, or of an automatic renewal that was just asked for: what is due already waits for the next
    such time of day."""
    zone = timezone.get_default_timezone()
    day = (end.astimezone(zone) - timedelta(days=rule.days_before)).date()
    first = datetime.combine(day, rule.at, zone).astimezone(UTC)
    return max(first, next_try(not_before - timedelta(microseconds=1), rule))


def next_try(tried_at: datetime, rule: AutoRule) -> datetime:
    """The first such time of day after this moment."""
    zone = timezone.get_default_timezone()
    local = tried_at.astimezone(zone)
    today = datetime.combine(local.date(), rule.at, zone).astimezone(UTC)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), rule.at, zone).astimezone(UTC)
    return today if today > tried_at else tomorrow


# --- the plan ---------------------------------------------------------------------------------------------------------


def plan(held: Subscription, *, rule: AutoRule, now: datetime) -> AutoRenewal | None:
    """Plan the first try for its present end, under the lock of what is held; none for what is not to be renewed so."""
    return plan_all([held], rule=rule, now=now).get(held.pk)


def plan_all(held: Sequence[Subscription], *, rule: AutoRule, now: datetime) -> dict[int, AutoRenewal]:
    """The same for many, by subscription, in few statements."""
    renewed = [one for one in held if one.at_expiry == RENEW and one.expires_at is not None]
    if left_out := {one.pk for one in held} - {one.pk for one in renewed}:
        AutoRenewal.objects.filter(subscription__in=left_out).delete()
    begun = _latest_begin(renewed)
    plans = [
        AutoRenewal(
            subscription=one,
            ends_at=one.expires_at,
            next_at=_first(one, begun.get(one.pk), rule=rule, now=now),
            tries=0,
        )
        for one in renewed
        if one.expires_at is not None
    ]
    changing = ["ends_at", "next_at", "tries", "tried_at", "reason"]
    AutoRenewal.objects.bulk_create(
        plans, update_conflicts=True, unique_fields=["subscription"], update_fields=changing
    )
    return {plan.subscription_id: plan for plan in plans}


def first_in_time(held: Subscription, *, rule: AutoRule, now: datetime) -> datetime | None:
    """When its present end would be tried first from now on; None where it has none, or is deleted before that."""
    return _first(held, _latest_begin([held]).get(held.pk), rule=rule, now=now)


def _first(held: Subscription, begun: datetime | None, *, rule: AutoRule, now: datetime) -> datetime | None:
    if held.expires_at is None:
        return None
    # Never before the last paid period began: of what is sold by the day one day would be bought after the other.
    return _if_in_time(held, first_try(held.expires_at, rule, not_before=max(now, begun or now)))


def _latest_begin(held: Collection[Subscription]) -> dict[int, datetime]:
    """By subscription, when the last paid period of each begins or began."""
    return dict(_BEGUN([one.pk for one in held])) if held else {}


def _begun(held: Slot) -> QuerySet[Period, tuple[int, datetime]]:
    paid = Period.objects.filter(Among("subscription", held), cancelled_at=None).exclude(kind=Period.Kind.CHANGE)
    return paid.values_list("subscription_id").annotate(Max("starts_at")).order_by()


_BEGUN = Prepared((Keys(),), _begun)


def _if_in_time(held: Subscription, moment: datetime) -> datetime | None:
    """Whoever wants it renewed wants it kept as long as others are, whatever was chosen before."""
    ending = ending_of(held, renewing=True)
    return moment if ending is None or moment < ending.releases_at else None


def plan_of(held: Subscription) -> AutoRenewal | None:
    """The plan for its present end; None where there is none (yet)."""
    found = AutoRenewal.objects.filter(subscription=held).first()
    return found if found is not None and found.ends_at == held.expires_at else None


def _plans_of(held: Collection[Subscription]) -> dict[int, AutoRenewal]:
    return {one.subscription_id: one for one in _PLANS([one.pk for one in held])} if held else {}


_PLANS = PreparedObjects((Keys(),), lambda held: AutoRenewal.objects.filter(Among("subscription", held)))


def tries_of(subscriptions: Collection[Subscription], *, rule: AutoRule, now: datetime) -> dict[int, datetime]:
    """When each is tried next, of those that are renewed automatically. An end that nobody planned for yet is planned for;
    where there is none, one query."""
    renewed = {one.pk: one for one in subscriptions if one.at_expiry == RENEW and one.expires_at is not None}
    if not renewed:
        return {}
    plans = _plans_of(renewed.values())
    planned = {pk: plan for pk, plan in plans.items() if plan.ends_at == renewed[pk].expires_at}
    moved = [one for pk, one in renewed.items() if pk not in planned]
    planned |= plan_all(moved, rule=rule, now=now) if moved else {}
    return {pk: plan.next_at for pk, plan in planned.items() if plan.next_at is not None}


# --- a try ------------------------------------------------------------------------------------------------------------


def renew_when_due(
    held: Sequence[Subscription], *, rule: AutoRule, now: datetime, impossible: Mapping[int, Refused]
) -> dict[int, datetime | None]:
    """Try those whose time it is, in this order, and plan the next try of each; gives by subscription its moment, or None
    where there is none. Each is locked, with its offer and buyer. ``impossible``: by subscription, why it cannot be, where
    the caller knows. Who comes twice at one moment finds nothing due."""
    found = _plans_of(held)
    plans = {
        one.pk: plan
        for one in held
        if one.at_expiry == RENEW and (plan := found.get(one.pk)) is not None and plan.ends_at == one.expires_at
    }
    due = [one for one in held if one.pk in plans and (at := plans[one.pk].next_at) is not None and at <= now]
    _try([(one, plans[one.pk]) for one in due], impossible, rule=rule, now=now)
    new = plan_all([one for one in held if one.pk not in plans], rule=rule, now=now)
    return {one.pk: planned.next_at if (planned := (plans | new).get(one.pk)) else None for one in held}


_TRIED = {"tries": "smallint", "tried_at": "timestamptz", "reason": "text", "next_at": "timestamptz"}


def _try(
    due: Sequence[tuple[Subscription, AutoRenewal]], impossible: Mapping[int, Refused], *, rule: AutoRule, now: datetime
) -> None:
    if not due:
        return
    keys = _keys(due)
    ordered = order_renewals(
        [
            Renewal(
                held=held,
                duration=duration_of(held),
                idempotency_key=keys[held.pk],
                impossible=impossible.get(held.pk),
            )
            for held, _ in due
        ],
        now=now,
    )
    told: list[OrderPaid | AutoRenewalFailed] = []
    for held, planned in due:
        result = ordered[held.pk]
        planned.tries += 1
        planned.tried_at, planned.reason = now, result.code if isinstance(result, Refused) else ""
        planned.next_at = _if_in_time(held, next_try(now, rule))
        told.append(
            AutoRenewalFailed(subscription=held.pk, reason=result.code, ends=planned.ends_at, next_at=planned.next_at)
            if isinstance(result, Refused)
            else OrderPaid(order=result.number)
        )
    rows.update(
        "orders_autorenewal",
        _TRIED,
        (
            {
                "id": one.pk, "tries": one.tries, "tried_at": rows.moment(one.tried_at), "reason": one.reason,
                "next_at": rows.moment(one.next_at),
            }
            for _, one in due
        ),
    )  # fmt: skip
    outbox.publish_all(told, now=now)
    work.wake()


def ways(held: Subscription, offers: Sequence[Offer] | None = None) -> dict[Duration, Money]:
    """By what it could be renewed today, the shortest first, and what each costs. One query, or none where its ``offers`` are
    known."""
    found: dict[Duration, Money] = {}
    offers = on_sale(held) if offers is None else offers
    for duration in durations(offers):
        offer = next(one for one in offers if one.period_type == duration.period_type)
        with suppress(Refused):  # a quantity that is not offered any more
            found[duration] = quote(offer, quantity=held.quantity, periods=duration.periods).total
    return found


def costs(held: Subscription) -> Money | None:
    """What its automatic renewal costs today; None when it is not sold so."""
    return ways(held).get(duration_of(held))


def costs_of_all(held: Collection[Subscription]) -> dict[int, Money]:
    """The same of many, by service, in one query; without those that are not sold so."""
    offers = all_on_sale({one.offer.sku_id for one in held}) if held else {}
    found = {one.pk: ways(one, offers.get(one.offer.sku_id, ())).get(duration_of(one)) for one in held}
    return {pk: price for pk, price in found.items() if price is not None}


def duration_of(held: Subscription) -> Duration:
    """Of each automatic renewal."""
    return Duration(held.auto_period_type, held.auto_periods)


def _keys(due: Sequence[tuple[Subscription, AutoRenewal]]) -> dict[int, str]:
    """One order for each end at a time; after one that was paid back, or that its buyer took back, the next may come."""
    keys = {held.pk: f"auto/{held.pk}/{planned.ends_at:%Y%m%d%H%M%S}" for held, planned in due}
    ours = OrderLine.objects.filter(order__origin=Order.Origin.TIMER)
    used = ours.filter(subscription__in=keys, order__idempotency_key__in=keys.values())
    for pk in set(used.values_list("subscription_id", flat=True)):
        before = ours.filter(subscription=pk, order__idempotency_key__startswith=keys[pk]).count()
        keys[pk] = f"{keys[pk]}/{before}"
    return keys
