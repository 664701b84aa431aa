"""Freeze, lift and release by an operator, each with its reason (operations.md §3, §4, §7, §8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    again,
    done,
    failed,
    open_call,
    order_status,
    ordered,
    passes,
    renewed,
    service,
    told,
)
from tests.market.fulfilment.trials import on_trial, order_conversion
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.by_operator import freeze, lift, release, release_refund
from tradepost.market.fulfilment.converting import may_convert
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

pytestmark = pytest.mark.django_db
BY = "operator@market.example"
EXPIRED = END + timedelta(days=1, hours=1)
"""After a day of grace and within a day of retention (business-rules §4.4, V0)."""
REASON = "It sends spam; see ticket 12."


def make_service(protocol: str = "saas_v2") -> Subscription:
    return service(protocol, members=1)


def frozen_service(subscription: Subscription) -> Subscription:
    freeze(subscription, reason=REASON, actor=BY, now=NOW)
    react(now=NOW)
    return again(subscription)


def stored_rows() -> list[object]:
    """Everything that a refusal must leave unchanged."""
    return [list(model.objects.order_by("pk").values()) for model in (Subscription, Freeze, Operation, Call, Move)]


def test_freeze_closes_access_calls_the_seller_and_notifies_both() -> None:
    """saas-v2 §3.4: FREEZE for a violation."""
    subscription = frozen_service(make_service())
    assert subscription.status == "frozen"
    call = open_call()
    assert (call.kind, call.command["status"]) == ("SetStatus", "FREEZE")
    reason = Freeze.objects.get()
    assert (reason.reason, reason.actor, reason.note) == ("operator", BY, REASON)
    assert Move.objects.get(lifecycle="subscription", event="freeze").note == REASON
    buyers, sellers = (
        Notice.objects.get(kind="service_frozen_by_operator"),
        Notice.objects.get(kind="seller_service_frozen"),
    )
    assert buyers.user == subscription.buyer
    assert (buyers.facts["reason"], sellers.facts["reason"]) == (REASON, REASON)
    assert told("service_frozen") == 0, "one notice for each freeze"
    done(call)
    assert again(subscription).seller_state == "frozen"


def test_repeated_freeze_form_is_one_freeze_and_another_reason_is_refused() -> None:
    subscription = frozen_service(make_service())
    before = stored_rows()
    freeze(subscription, reason=REASON, actor=BY, now=NOW + timedelta(seconds=1))
    with pytest.raises(Refused, match=r"service\.frozen"):
        freeze(subscription, reason="Another one.", actor="other@market.example", now=NOW)
    assert stored_rows() == before


def test_lift_restores_access_and_the_history_names_actor_and_reason() -> None:
    """saas-v2 §3.4: UNFREEZE when the violation is lifted."""
    subscription = frozen_service(make_service())
    done(open_call())
    lift(subscription, reason="The buyer has mended it.", actor=BY, now=NOW)
    react(now=NOW)
    assert again(subscription).status == "active"
    assert open_call().command["status"] == "UNFREEZE"
    moved = Move.objects.get(lifecycle="subscription", event="lift")
    assert (moved.actor, moved.note, moved.before) == (BY, "The buyer has mended it.", "operator")
    assert (told("service_unfrozen"), told("seller_service_unfrozen")) == (1, 1)


def test_lift_keeps_other_reasons() -> None:
    subscription = make_service()
    passes(EXPIRED)
    assert again(subscription).status == "frozen"
    freeze(again(subscription), reason=REASON, actor=BY, now=EXPIRED)
    lift(again(subscription), reason="Agreed.", actor=BY, now=EXPIRED)
    react(now=EXPIRED)
    assert again(subscription).status == "frozen"
    assert Freeze.objects.get(lifted_at=None).reason == "expired"
    assert told("service_unfrozen") == 0


def test_lift_needs_a_freeze_by_an_operator() -> None:
    subscription = make_service()
    passes(EXPIRED)
    before = stored_rows()
    with pytest.raises(Refused, match=r"service\.not_frozen"):
        lift(subscription, reason="Agreed.", actor=BY, now=EXPIRED)
    assert stored_rows() == before


def test_frozen_service_is_not_renewed_and_its_time_runs() -> None:
    """operations.md §7: operator-frozen: no renewal, time runs."""
    subscription = make_service()
    unpaid = ordered(subscription)
    frozen_service(subscription)
    assert not may_renew(again(subscription), now=NOW)
    with pytest.raises(Refused, match=r"renewal\.frozen"):
        pay_order(unpaid, now=NOW)
    assert order_status(unpaid) == "unpaid"
    assert again(subscription).expires_at == END


def test_frozen_trial_is_not_converted() -> None:
    """operations.md §7: as for renewals."""
    trial = on_trial("saas_v2")
    assert may_convert(trial, now=NOW)
    frozen_service(trial)
    assert not may_convert(again(trial), now=NOW)
    orders = Order.objects.count()
    with pytest.raises(Refused, match=r"conversion\.frozen"):
        order_conversion(trial, now=NOW)
    assert Order.objects.count() == orders


def test_earlier_paid_renewal_does_not_lift_the_freeze() -> None:
    """operations.md §8: a renewal does not lift an operator's freeze."""
    subscription = make_service()
    renewed(subscription)
    freeze(subscription, reason=REASON, actor=BY, now=NOW)
    done(open_call())  # the renewal, which came first
    assert (again(subscription).status, Freeze.objects.get().lifted_at) == ("frozen", None)
    call = open_call()
    assert (call.kind, call.command["status"]) == ("SetStatus", "FREEZE")


def test_freeze_without_a_protocol_activity_is_kept_by_the_market_alone() -> None:
    """operations.md §7: operator freeze without status: market_only. SaaS 1.0 has only an expiry (saas-v1-license
    A2.4)."""
    subscription = make_service("saas_v1")
    calls = Call.objects.count()
    assert frozen_service(subscription).status == "frozen"
    assert Call.objects.count() == calls


def test_release_ends_the_service_and_refunds_periods_that_never_began() -> None:
    """saas-v2 §3.5; business-rules §4.7: renewals that are not effective."""
    subscription = make_service()
    renewal = renewed(subscription)
    done(open_call())
    account = ledger.buyer_account(subscription.buyer, "CNY")
    before = account.balance_minor
    assert release_refund(again(subscription), now=NOW).minor == renewal.total_minor
    release(again(subscription), reason=REASON, actor=BY, now=NOW)
    react(now=NOW)
    assert again(subscription).status == "releasing"
    account.refresh_from_db()
    assert account.balance_minor == before + renewal.total_minor
    assert list(Period.objects.filter(cancelled_at=None).values_list("starts_at", flat=True)) == [NOW]
    call = open_call()
    assert (call.kind, call.command["order_id"]) == ("Release", "")
    assert (told("service_closed_by_operator_refunded"), told("seller_service_ended")) == (1, 1)
    done(call)
    assert again(subscription).status == "released"
    moved = Move.objects.get(lifecycle="subscription", event="release by hand")
    assert (moved.actor, moved.note) == (BY, REASON)
    assert ledger.verify().problems == ()


def test_release_drops_other_operations_and_refunds_them() -> None:
    """operations.md §4: operator's release → drop other loose ones, refund what was paid."""
    subscription = make_service()
    freeze(subscription, reason=REASON, actor=BY, now=NOW)
    lift(subscription, reason="Agreed.", actor=BY, now=NOW)
    renewal = renewed(subscription)
    running = open_call()
    assert release_refund(again(subscription), now=NOW).minor == renewal.total_minor
    release(again(subscription), reason=REASON, actor=BY, now=NOW)
    react(now=NOW)
    assert order_status(renewal) == "refunded"
    assert Call.objects.get(pk=running.pk).outcome in {"", "cancelled"}
    assert ledger.verify().problems == ()


def test_stopped_release_is_restarted_not_requested_again() -> None:
    subscription = make_service()
    release(subscription, reason=REASON, actor=BY, now=NOW)
    failed(open_call())
    before = stored_rows()
    with pytest.raises(Refused, match=r"service\.not_in_use"):
        release(subscription, reason=REASON, actor=BY, now=NOW)
    assert stored_rows() == before
    assert Operation.objects.get(kind="release").status == "stopped"


def test_queued_release_is_requested_once() -> None:
    subscription = make_service()
    freeze(subscription, reason=REASON, actor=BY, now=NOW)  # a running operation is not dropped once it was sent
    Call.objects.filter(kind="SetStatus").update(attempts=1)
    for _ in range(2):
        release(again(subscription), reason=REASON, actor=BY, now=NOW)
    assert Operation.objects.filter(kind="release").count() == 1


@pytest.mark.parametrize("act", [freeze, lift, release])
@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_every_act_needs_a_reason(act, reason: str) -> None:
    subscription = make_service()
    before = stored_rows()
    with pytest.raises(Refused) as refusal:
        act(subscription, reason=reason, actor=BY, now=NOW)
    assert (refusal.value.code, refusal.value.field, refusal.value.status) == ("service.reason", "reason", 400)
    assert stored_rows() == before


@pytest.mark.parametrize("act", [freeze, lift, release])
def test_ended_service_is_left_unchanged(act) -> None:
    subscription = make_service()
    release(subscription, reason=REASON, actor=BY, now=NOW)
    done(open_call())
    before = stored_rows()
    with pytest.raises(Refused, match=r"service\.not_in_use"):
        act(subscription, reason=REASON, actor=BY, now=NOW)
    assert stored_rows() == before
