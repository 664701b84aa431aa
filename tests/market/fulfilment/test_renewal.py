"""A paid renewal: asked of the seller in its turn, true when the seller did it, kept or paid back when it did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import NOW
from tests.market.fulfilment.test_by_hand import BY, END, again, command, end, held, offers
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.base.work import State
from tradepost.market.fulfilment import by_hand, come_true, expiry
from tradepost.market.fulfilment.acts import Act, done_refreshes, kept_renewals, possible
from tradepost.market.fulfilment.pay_back import may_pay_back, pay_back, stopped
from tradepost.market.fulfilment.queries import progress
from tradepost.market.notifications.models import Notice
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.payments import ledger
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Binding, Call
from tradepost.market.production.restart import may_restart
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import RETENTION
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import Expire, InstanceStatus, Refresh, Scene, SetStatus

pytestmark = pytest.mark.django_db
NEXT_END = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
UNFREEZE = InstanceStatus.UNFREEZE
PRICE = 10_000


def service(spoken: str = "saas_v2") -> Subscription:
    """In use, a month of it. What its purchase has to tell is not of this test."""
    subscription = held(spoken, kind="LICENSE" if spoken.startswith("license") else "SAAS")
    Event.objects.all().delete()
    return subscription


def react(now: datetime, *, all_told: bool = True) -> None:
    """What a worker does with the events, until there is none."""
    while outbox.dispatch(REACTIONS, now=now):
        pass
    assert not all_told or not Event.objects.exists()


def renewed(subscription: Subscription, *, now: datetime = NOW, product_id: str = "", all_told: bool = True) -> Order:
    """Ordered and paid by its buyer, and told to whom it concerns."""
    choice = RenewService(
        subscription=subscription.pk, product_id=product_id or subscription.offer.product_id, periods=1, agreed=True
    )
    order = place_renewal(subscription.buyer, choice, now=now, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=now)
    react(now, all_told=all_told)
    return Order.objects.get(pk=order.pk)


def gave_up(call: Call, *, acted: bool = False, now: datetime = NOW) -> None:
    Call.objects.filter(pk=call.pk).update(maybe_acted=acted)
    end(call, outcome=Call.Outcome.GAVE_UP)
    ended = CallEnded(call=call.pk, kind=call.kind, outcome="gave_up", subscription=call.subscription_id)
    outbox.publish(ended, now=now)
    react(now)


def told(kind: str) -> int:
    return Notice.objects.filter(kind=kind).count()


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1", "license_v1", "license_online"])
def test_what_was_paid_is_told_to_the_seller_and_becomes_true_when_it_did_it(spoken: str) -> None:
    """saas-v2 §3.3, saas-v1-license A2.3, B1, B3: a new order and the absolute expiry; business-rules §4.4: from the end on."""
    subscription = service(spoken)
    order = renewed(subscription)
    call = Call.objects.get()
    asked = command(call)
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.order_id, asked.expires_at, asked.product_id) == (
        Scene.RENEWAL, order.number, NEXT_END, "",
    )  # fmt: skip
    assert asked.purchase is not None
    assert asked.purchase.amount == Money(PRICE, "CNY").major
    seen = order_of_seller(order.number, subscription.seller_id)
    assert seen is not None
    assert (seen.order_type, seen.lines[0].expires_at, seen.lines[0].currency) == ("RENEW", NEXT_END, "100")
    assert again(subscription).expires_at == END, "nothing is true before the seller did it"
    assert ledger.held_for(order.number) == PRICE

    end(call)
    react(NOW)
    assert again(subscription).expires_at == NEXT_END
    assert (status(order), ledger.held_for(order.number)) == ("completed", 0)
    earned = ledger.seller_account(subscription.seller, "CNY").balance.minor
    assert earned == PRICE, "the purchase itself is not delivered in this test"
    [timer] = Job.objects.filter(kind__startswith="subscriptions.")
    assert (timer.kind, timer.due_at) == (expiry.END_OF_PERIOD, NEXT_END - expiry.NOTICE)
    assert (told("service_renewed"), told("order_completed")) == (1, 0)
    assert ledger.verify().problems == ()


def test_from_month_to_year_the_new_product_id_is_sent_and_held() -> None:
    """saas-v2 §3.3."""
    subscription = service()
    yearly = offers(subscription)[1]
    renewed(subscription, product_id=yearly.product_id)
    call = Call.objects.get()
    asked = command(call)
    assert isinstance(asked, Refresh)
    assert (asked.product_id, asked.expires_at) == (yearly.product_id, datetime(2027, 4, 1, 8, 0, tzinfo=UTC))
    end(call)
    assert again(subscription).offer_id == yearly.pk


@pytest.mark.parametrize(("spoken", "thawed_by"), [("saas_v2", "call"), ("saas_v1", "refresh")])
def test_in_the_retention_it_counts_from_the_end_before_and_thaws(spoken: str, thawed_by: str) -> None:
    """business-rules §4.4: renewal unfreezes; saas-v2 §3.4; saas-v1-license A2.4: there the refresh does."""
    subscription, later = service(spoken), END + timedelta(days=9)
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    end(Call.objects.get())
    react(END)
    assert told("service_expired_renewable") == 1
    order = renewed(again_whole(subscription), now=later)
    refresh = Call.objects.exclude(state=State.ENDED).get()
    assert expiry.end_of_retention(payload, END + RETENTION) == END + RETENTION + expiry.AGAIN, "it is being renewed"
    end(refresh)
    assert (again(subscription).expires_at, status(order)) == (NEXT_END, "completed")
    if thawed_by == "call":
        assert again(subscription).status == "frozen"
        [thaw] = Call.objects.exclude(state=State.ENDED)
        assert command(thaw) == SetStatus(instance_id=subscription.instance_id, status=UNFREEZE)
        end(thaw)
    assert again(subscription).status == "active"
    assert expiry.end_of_retention(payload, END + RETENTION) is None
    assert not Call.objects.filter(kind="Release").exists()


def again_whole(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related("buyer", "offer").get(pk=subscription.pk)


def test_the_buyer_is_reminded_once_a_week_before_the_end() -> None:
    subscription = service()
    payload = {"subscription": subscription.pk}
    assert expiry.end_of_period(payload, NOW) == END - expiry.NOTICE
    for _ in range(2):
        assert expiry.end_of_period(payload, END - expiry.NOTICE) == END
    react(END - expiry.NOTICE)
    assert (told("service_ends_soon"), told("service_ends")) == (1, 0)
    assert not Call.objects.exists()


def test_who_renews_is_not_reminded_of_the_end_before() -> None:
    subscription = service()
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END - expiry.NOTICE)
    Event.objects.filter(name="subscription_ends_soon").update(due_at=END)  # it is told late
    renewed(subscription, now=END - expiry.NOTICE, all_told=False)
    expiry.end_of_period(payload, END - expiry.NOTICE)
    end(Call.objects.get())
    react(END)
    assert told("service_ends_soon") == 0


# --- in its turn ---------------------------------------------------------------------------------------------------


def test_a_freeze_that_was_never_sent_is_left_off() -> None:
    subscription = service()
    expiry.end_of_period({"subscription": subscription.pk}, END)
    freeze = Call.objects.get()
    renewed(subscription, now=END)
    freeze.refresh_from_db()
    assert (freeze.state, freeze.outcome) == (State.ENDED, Call.Outcome.CANCELLED)
    [refresh] = Call.objects.exclude(state=State.ENDED)
    assert refresh.kind == "Refresh"


@pytest.mark.parametrize("outcome", [Call.Outcome.DONE, Call.Outcome.GAVE_UP])
def test_a_renewal_waits_for_the_freeze_that_is_under_way_and_thaws_what_it_did(outcome: Call.Outcome) -> None:
    """Else the freeze could be the last that the seller does, of a service that is paid for (saas-v2 §3.4)."""
    subscription = service()
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    freeze = Call.objects.get()
    Call.objects.filter(pk=freeze.pk).update(attempts=2, maybe_acted=True, last_verdict="timeout")
    order = renewed(subscription, now=END)
    assert [call.kind for call in Call.objects.exclude(state=State.ENDED)] == ["SetStatus"]
    assert expiry.end_of_retention(payload, END + RETENTION) == END + RETENTION + expiry.AGAIN
    assert progress_of(order).lines[0].asked == []

    end(freeze, outcome=outcome)
    [refresh] = Call.objects.exclude(state=State.ENDED)
    assert refresh.kind == "Refresh"
    end(refresh)
    [thaw] = Call.objects.exclude(state=State.ENDED)
    assert command(thaw) == SetStatus(instance_id=subscription.instance_id, status=UNFREEZE)
    freeze.refresh_from_db()
    assert not may_restart(freeze), "a freeze that is out of date must not be done after all"


def progress_of(order: Order):
    found = buyer_order(order.buyer, order.number)
    assert found is not None
    return progress(found)


def test_a_freeze_that_is_heard_of_after_the_renewal_is_undone() -> None:
    """Reactions may come late: what the seller did last counts."""
    subscription = service()
    freeze = by_hand.freeze(subscription, now=NOW)
    Call.objects.filter(pk=freeze.pk).update(state=State.ENDED, outcome=Call.Outcome.DONE, ended_at=NOW)
    renewed(subscription)
    end(Call.objects.get(kind="Refresh"))
    assert again(subscription).status == "active"
    late = CallEnded(call=freeze.pk, kind=freeze.kind, outcome="done", subscription=subscription.pk)
    come_true.on_call_ended(late, NOW)
    [thaw] = Call.objects.exclude(state=State.ENDED)
    end(thaw)
    assert again(subscription).status == "active"
    come_true.on_call_ended(late, NOW)
    assert again(subscription).status == "active", "the seller has unfrozen it since"


def test_an_unfreeze_that_is_heard_of_late_wakes_nothing_that_was_frozen_after_it() -> None:
    subscription = service()
    end(by_hand.freeze(subscription, now=NOW))
    thaw = by_hand.unfreeze(subscription, now=NOW)
    Call.objects.filter(pk=thaw.pk).update(state=State.ENDED, outcome=Call.Outcome.DONE, ended_at=NOW)
    SUBSCRIPTION.move(again(subscription), SubscriptionEvent.UNFREEZE, now=NOW)
    end(by_hand.freeze(subscription, now=NOW + timedelta(minutes=1)))
    come_true.on_call_ended(CallEnded(call=thaw.pk, kind=thaw.kind, outcome="done", subscription=subscription.pk), NOW)
    assert again(subscription).status == "frozen"


# --- when the seller does not --------------------------------------------------------------------------------------


def test_what_the_seller_does_not_take_is_kept_and_the_operator_may_pay_it_back() -> None:
    """saas-v2 §3.10: stops; manual restart. business-rules §4.7: a renewal that is not effective is refunded in full."""
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = renewed(subscription)
    call = Call.objects.get()
    assert not may_pay_back(order)
    gave_up(call)
    assert (status(order), ledger.held_for(order.number)) == ("processing", PRICE)
    assert may_restart(Call.objects.get())
    assert (told("renewal_waits"), list(stopped())) == (1, [order])
    assert progress_of(order).stopped

    pay_back(order, reason="agreed by telephone", actor=BY, now=NOW)
    react(NOW)
    assert (status(order), ledger.held_for(order.number)) == ("refunded", 0)
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    assert (told("renewal_refunded"), told("order_refunded"), stopped().count()) == (1, 0, 0)
    assert not may_restart(Call.objects.get())
    assert (again(subscription).status, again(subscription).expires_at) == ("active", END)
    assert not Call.objects.filter(kind="Release").exists(), "the service itself stays"
    renewed(subscription)


def test_a_renewal_that_was_restarted_cannot_be_paid_back() -> None:
    subscription = service()
    order = renewed(subscription)
    gave_up(Call.objects.get())
    Call.objects.update(state=State.WAITING, outcome="")
    with pytest.raises(Refused, match=r"pay_back\.not_stopped"):
        pay_back(order, reason="too slow", actor=BY, now=NOW)
    assert ledger.held_for(order.number) == PRICE


def test_with_the_service_ends_what_was_ordered_for_it() -> None:
    """saas-v2 §3.3: a lasting failure can lead to the release; the money of the renewal is back then."""
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = renewed(subscription)
    call = Call.objects.get()
    gave_up(call)
    payload = {"subscription": subscription.pk}
    expiry.end_of_period(payload, END)
    end(Call.objects.get(kind="SetStatus"))
    expiry.end_of_retention(payload, END + RETENTION)
    end(Call.objects.get(kind="Release"))
    react(END + RETENTION)
    assert (again(subscription).status, status(order)) == ("released", "refunded")
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    assert not may_restart(Call.objects.get(pk=call.pk))
    assert ledger.verify().problems == ()


def test_an_unpaid_renewal_ends_with_the_service() -> None:
    subscription = service()
    choice = RenewService(
        subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True
    )
    order = place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1))
    with pytest.raises(Refused, match=r"by_hand\.unpaid"):
        by_hand.renew(subscription, actor=BY, now=NOW)
    end(by_hand.release(subscription, now=NOW))
    react(NOW)
    assert status(order) == "cancelled"
    assert not Job.objects.filter(kind="orders.unpaid_timeout", key=order.number).exists()
    assert told("order_cancelled_timeout") == 0


def test_money_is_never_kept_for_what_cannot_even_be_asked() -> None:
    subscription = service()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    Binding.objects.all().delete()
    order = renewed(subscription)
    assert (status(order), Call.objects.count()) == ("refunded", 0)
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == before
    assert told("renewal_refunded") == 1


def test_what_was_released_before_it_was_asked_is_paid_back() -> None:
    subscription = service()
    choice = RenewService(
        subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True
    )
    order = place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=NOW)
    SUBSCRIPTION.move(again(subscription), SubscriptionEvent.RELEASE, now=NOW)
    react(NOW)
    assert (status(order), ledger.held_for(order.number), Call.objects.count()) == ("refunded", 0, 0)


def test_a_paid_renewal_can_be_cancelled_by_hand_in_a_sandbox_like_any_other() -> None:
    """saas-v2 §3.3: the end before it."""
    subscription = service()
    renewed(subscription)
    end(Call.objects.get())
    assert Act.CANCEL_RENEWAL in possible_acts(subscription)
    end(by_hand.cancel_renewal(subscription, actor=BY, now=NOW))
    assert again(subscription).expires_at == END


def possible_acts(subscription: Subscription) -> frozenset[Act]:
    found = again(subscription)
    return possible(found, expiry.protocol_of(found), kept_renewals(done_refreshes([found])))


def test_saas_1_freezes_by_its_activity_and_a_late_expiry_is_thawed_by_the_renewal() -> None:
    """saas-v1-license A2.4: there is no call that ends the freeze but the refresh itself."""
    subscription = service("saas_v1")
    expiry.end_of_period({"subscription": subscription.pk}, END)
    freeze = Call.objects.get()
    assert isinstance(command(freeze), Expire)
    Call.objects.filter(pk=freeze.pk).update(attempts=1)
    renewed(subscription, now=END)
    end(freeze)
    end(Call.objects.get(kind="Refresh"))
    assert again(subscription).status == "active"
    assert not Call.objects.exclude(state=State.ENDED).exists()
