"""What an operator does to a service by hand (operations.md §3, §4, §7, §8): freeze, lift, release, each with its reason."""

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
from tests.market.fulfilment.trials import on_trial, ordered_formal
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.by_operator import freeze, lift, paid_back_by_release, release
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
"""A day of grace is over, and a day of retention is not (business-rules §4.4, V0)."""
WHY = "It sends spam; see ticket 12."


def held(protocol: str = "saas_v2") -> Subscription:
    return service(protocol, members=1)


def frozen(subscription: Subscription) -> Subscription:
    freeze(subscription, reason=WHY, actor=BY, now=NOW)
    react(now=NOW)
    return again(subscription)


def rows() -> list[object]:
    """What a refusal must leave as it was."""
    return [list(model.objects.order_by("pk").values()) for model in (Subscription, Freeze, Operation, Call, Move)]


def test_a_freeze_closes_access_asks_the_seller_and_tells_both_why() -> None:
    """saas-v2 §3.4: FREEZE for a violation."""
    subscription = frozen(held())
    assert subscription.status == "frozen"
    call = open_call()
    assert (call.kind, call.command["status"]) == ("SetStatus", "FREEZE")
    reason = Freeze.objects.get()
    assert (reason.reason, reason.actor, reason.note) == ("operator", BY, WHY)
    assert Move.objects.get(lifecycle="subscription", event="freeze").note == WHY
    buyers, sellers = (
        Notice.objects.get(kind="service_frozen_by_operator"),
        Notice.objects.get(kind="seller_service_frozen"),
    )
    assert buyers.user == subscription.buyer
    assert (buyers.facts["reason"], sellers.facts["reason"]) == (WHY, WHY)
    assert told("service_frozen") == 0, "one freeze is told once"
    done(call)
    assert again(subscription).seller_state == "frozen"


def test_the_same_form_sent_twice_is_one_freeze_and_another_reason_is_refused() -> None:
    subscription = frozen(held())
    before = rows()
    freeze(subscription, reason=WHY, actor=BY, now=NOW + timedelta(seconds=1))
    with pytest.raises(Refused, match=r"service\.frozen"):
        freeze(subscription, reason="Another one.", actor="other@market.example", now=NOW)
    assert rows() == before


def test_a_lift_opens_it_again_and_the_history_says_who_and_why() -> None:
    """saas-v2 §3.4: UNFREEZE when the violation is lifted."""
    subscription = frozen(held())
    done(open_call())
    lift(subscription, reason="The buyer has mended it.", actor=BY, now=NOW)
    react(now=NOW)
    assert again(subscription).status == "active"
    assert open_call().command["status"] == "UNFREEZE"
    moved = Move.objects.get(lifecycle="subscription", event="lift")
    assert (moved.actor, moved.note, moved.before) == (BY, "The buyer has mended it.", "operator")
    assert (told("service_unfrozen"), told("seller_service_unfrozen")) == (1, 1)


def test_a_lift_leaves_other_reasons_standing() -> None:
    subscription = held()
    passes(EXPIRED)
    assert again(subscription).status == "frozen"
    freeze(again(subscription), reason=WHY, actor=BY, now=EXPIRED)
    lift(again(subscription), reason="Agreed.", actor=BY, now=EXPIRED)
    react(now=EXPIRED)
    assert again(subscription).status == "frozen"
    assert Freeze.objects.get(lifted_at=None).reason == "expired"
    assert told("service_unfrozen") == 0


def test_what_is_not_frozen_by_hand_is_not_lifted() -> None:
    subscription = held()
    passes(EXPIRED)
    before = rows()
    with pytest.raises(Refused, match=r"service\.not_frozen"):
        lift(subscription, reason="Agreed.", actor=BY, now=EXPIRED)
    assert rows() == before


def test_frozen_by_hand_it_is_not_renewed_and_its_time_runs_on() -> None:
    """operations.md §7: operator-frozen: no renewal, time runs."""
    subscription = held()
    unpaid = ordered(subscription)
    frozen(subscription)
    assert not may_renew(again(subscription), now=NOW)
    with pytest.raises(Refused, match=r"renewal\.frozen"):
        pay_order(unpaid, now=NOW)
    assert order_status(unpaid) == "unpaid"
    assert again(subscription).expires_at == END


def test_a_trial_that_is_frozen_by_hand_does_not_become_formal() -> None:
    """operations.md §7, as above: nobody pays for what nobody may enter."""
    trial = on_trial("saas_v2")
    assert may_convert(trial, now=NOW)
    frozen(trial)
    assert not may_convert(again(trial), now=NOW)
    orders = Order.objects.count()
    with pytest.raises(Refused, match=r"conversion\.frozen"):
        ordered_formal(trial, now=NOW)
    assert Order.objects.count() == orders


def test_a_renewal_that_was_paid_before_does_not_lift_it() -> None:
    """operations.md §8: a renewal that lifts an operator's freeze."""
    subscription = held()
    renewed(subscription)
    freeze(subscription, reason=WHY, actor=BY, now=NOW)
    done(open_call())  # the renewal, which was asked for first
    assert (again(subscription).status, Freeze.objects.get().lifted_at) == ("frozen", None)
    call = open_call()
    assert (call.kind, call.command["status"]) == ("SetStatus", "FREEZE")


def test_where_the_protocol_has_no_word_for_it_the_market_keeps_to_it_alone() -> None:
    """operations.md §7: operator freeze without status: market_only. SaaS 1.0 knows an expiry alone (saas-v1-license A2.4)."""
    subscription = held("saas_v1")
    calls = Call.objects.count()
    assert frozen(subscription).status == "frozen"
    assert Call.objects.count() == calls


def test_a_release_ends_it_at_once_and_pays_back_what_never_began() -> None:
    """saas-v2 §3.5; business-rules §4.7: renewals that are not effective."""
    subscription = held()
    renewal = renewed(subscription)
    done(open_call())
    account = ledger.buyer_account(subscription.buyer, "CNY")
    before = account.balance_minor
    assert paid_back_by_release(again(subscription), now=NOW).minor == renewal.total_minor
    release(again(subscription), reason=WHY, actor=BY, now=NOW)
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
    assert (moved.actor, moved.note) == (BY, WHY)
    assert ledger.verify().problems == ()


def test_a_release_drops_what_else_is_wanted_and_pays_it_back() -> None:
    """operations.md §4: operator's release → drop other loose ones, refund what was paid."""
    subscription = held()
    freeze(subscription, reason=WHY, actor=BY, now=NOW)
    lift(subscription, reason="Agreed.", actor=BY, now=NOW)
    renewal = renewed(subscription)
    running = open_call()
    assert paid_back_by_release(again(subscription), now=NOW).minor == renewal.total_minor
    release(again(subscription), reason=WHY, actor=BY, now=NOW)
    react(now=NOW)
    assert order_status(renewal) == "refunded"
    assert Call.objects.get(pk=running.pk).outcome in {"", "cancelled"}
    assert ledger.verify().problems == ()


def test_a_release_that_stopped_is_restarted_not_asked_for_again() -> None:
    subscription = held()
    release(subscription, reason=WHY, actor=BY, now=NOW)
    failed(open_call())
    before = rows()
    with pytest.raises(Refused, match=r"service\.not_in_use"):
        release(subscription, reason=WHY, actor=BY, now=NOW)
    assert rows() == before
    assert Operation.objects.get(kind="release").status == "stopped"


def test_a_release_that_waits_for_its_turn_is_asked_for_once() -> None:
    subscription = held()
    freeze(subscription, reason=WHY, actor=BY, now=NOW)  # what runs is not left off once it was sent
    Call.objects.filter(kind="SetStatus").update(attempts=1)
    for _ in range(2):
        release(again(subscription), reason=WHY, actor=BY, now=NOW)
    assert Operation.objects.filter(kind="release").count() == 1


@pytest.mark.parametrize("act", [freeze, lift, release])
@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_each_act_needs_a_reason_of_some_words(act, reason: str) -> None:
    subscription = held()
    before = rows()
    with pytest.raises(Refused) as refused:
        act(subscription, reason=reason, actor=BY, now=NOW)
    assert (refused.value.code, refused.value.field, refused.value.status) == ("service.reason", "reason", 400)
    assert rows() == before


@pytest.mark.parametrize("act", [freeze, lift, release])
def test_what_has_ended_is_left_alone(act) -> None:
    subscription = held()
    release(subscription, reason=WHY, actor=BY, now=NOW)
    done(open_call())
    before = rows()
    with pytest.raises(Refused, match=r"service\.not_in_use"):
        act(subscription, reason=WHY, actor=BY, now=NOW)
    assert rows() == before
