"""Freeze reasons: each is in force once; access closes with the first and opens when the last is lifted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import (
    BY,
    END,
    RELEASE,
    again,
    service,
    told,
)
from tradepost.market.base.models import Event, Move
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason, lift, reasons_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import settle
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
EXPIRED, OPERATOR = Freeze.Reason.EXPIRED, Freeze.Reason.OPERATOR
LATER = NOW + timedelta(days=1)


def freeze(subscription: Subscription, reason: Freeze.Reason, *, note: str = "") -> None:
    add_reason(locked_subscriptions([subscription.pk]), reason, actor=BY, note=note, now=NOW)


def thaw(subscription: Subscription, reason: Freeze.Reason) -> None:
    lift(locked_subscriptions([subscription.pk]), reason, actor=BY, now=LATER)


def moves(subscription: Subscription) -> list[tuple[str, str]]:
    rows = Move.objects.filter(lifecycle="subscription", subject=str(subscription.pk)).order_by("pk")
    return [(move.event, move.note) for move in rows if move.event != "open"]


def reasons_in_force(subscription: Subscription) -> set[str]:
    return set(reasons_of([again(subscription)]).get(subscription.pk, frozenset()))


def test_reason_closes_access_before_the_seller_is_called() -> None:
    """operations.md §2: frozen is wanted if and only if a reason stands."""
    subscription = service()
    calls = Call.objects.count()
    freeze(subscription, OPERATOR, note="abuse")
    current = again(subscription)
    assert (current.status, current.seller_state, current.release_at) == ("frozen", "active", None)
    reason = Freeze.objects.get()
    assert (reason.reason, reason.since, reason.actor, reason.note, reason.lifted_at) == (
        "operator",
        NOW,
        BY,
        "abuse",
        None,
    )
    assert moves(subscription) == [("freeze", "abuse")]
    assert Call.objects.count() == calls, "the caller settles the lane afterwards"
    settle(locked_subscriptions([subscription.pk]), now=NOW)
    assert Operation.objects.get(kind="freeze").status == "running"


def test_repeated_reason_changes_nothing() -> None:
    subscription = service()
    for note in ("first", "second"):
        freeze(subscription, OPERATOR, note=note)
    assert Freeze.objects.get().note == "first"
    assert moves(subscription) == [("freeze", "first")]
    assert Event.objects.filter(name="subscription_frozen").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Freeze.objects.create(subscription=subscription, reason=OPERATOR, since=NOW, actor=BY)


@pytest.mark.parametrize("first", [EXPIRED, OPERATOR])
def test_lifting_the_last_of_two_reasons_opens_access(first: Freeze.Reason) -> None:
    subscription = service()
    second = OPERATOR if first is EXPIRED else EXPIRED
    for reason in (first, second):
        freeze(subscription, reason)
    assert reasons_in_force(subscription) == {"expired", "operator"}
    thaw(subscription, first)
    assert (again(subscription).status, reasons_in_force(subscription)) == ("frozen", {second})
    thaw(subscription, second)
    assert (again(subscription).status, reasons_in_force(subscription)) == ("active", set())
    react(now=LATER)
    assert (told("service_frozen"), told("service_unfrozen")) == (1, 1)
    assert [event for event, _ in moves(subscription)] == ["freeze", "unfreeze"]


def test_lifting_an_absent_reason_changes_nothing() -> None:
    subscription = service()
    freeze(subscription, EXPIRED)
    before = list(Freeze.objects.values())
    thaw(subscription, OPERATOR)
    current = again(subscription)
    assert (current.status, current.release_at, list(Freeze.objects.values())) == ("frozen", RELEASE, before)


def test_lifted_reason_may_be_added_again() -> None:
    subscription = service()
    for _ in range(2):
        freeze(subscription, OPERATOR)
        thaw(subscription, OPERATOR)
    assert list(Freeze.objects.order_by("pk").values_list("lifted_at", flat=True)) == [LATER, LATER]
    assert again(subscription).status == "active"


@pytest.mark.parametrize(("days", "kept"), [(-5, 0), (0, 0), (5, 5)])
def test_announced_release_is_never_moved_earlier(days: int, kept: int) -> None:
    """operations.md §2; business-rules §4.4: grace and retention after the end of the paid time, but never before the
    announced time."""
    subscription = service()
    announced = RELEASE
    Subscription.objects.filter(pk=subscription.pk).update(release_at=announced, expires_at=END + timedelta(days=days))
    freeze(subscription, EXPIRED)
    assert again(subscription).release_at == announced + timedelta(days=kept)


def test_operator_freeze_has_no_release() -> None:
    subscription = service()
    freeze(subscription, OPERATOR)
    assert again(subscription).release_at is None


def test_one_time_product_can_be_frozen_and_has_no_end() -> None:
    subscription = service(once=True)
    freeze(subscription, EXPIRED)
    current = again(subscription)
    assert (current.status, current.release_at) == ("frozen", None)


@pytest.mark.slow
def test_many_services_are_frozen_and_thawed_in_a_constant_number_of_statements(django_assert_num_queries) -> None:
    for count in (1, 5):
        pks = [service().pk for _ in range(count)]
        locked = locked_subscriptions(pks)
        with django_assert_num_queries(5):
            add_reason(locked, OPERATOR, actor=BY, now=NOW)
        with django_assert_num_queries(5):
            lift(locked, OPERATOR, now=LATER)
        assert set(Subscription.objects.filter(pk__in=pks).values_list("status", flat=True)) == {"active"}
