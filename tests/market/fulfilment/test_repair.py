"""Repairs of differences in the market's own rows: resend the end, resend a freeze, restart what stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    NEXT_END,
    again,
    command,
    done,
    failed,
    open_call,
    renewed,
    service,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.fulfilment.by_operator import freeze
from tradepost.market.fulfilment.drift import Answer, SellerSide
from tradepost.market.fulfilment.market_side import comparison_data_of
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.reconcile import KIND, store_differences
from tradepost.market.fulfilment.repair import may_repair, repair
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import Refresh, Scene

pytestmark = pytest.mark.django_db
BY = "operator@market.example"


def compare(
    subscription: Subscription, answer: Answer = Answer.NOT_ASKED, *, now: datetime = NOW
) -> list[tuple[str, str]]:
    """Compare with this answer of the seller, and return the stored differences."""
    sides = comparison_data_of([again(subscription)])
    store_differences(sides, dict.fromkeys(sides, SellerSide(answer=answer)), now=now)
    return sorted(Drift.objects.filter(settled_at=None).values_list("what", "repair"))


def only_drift() -> Drift:
    return Drift.objects.select_related("operation").get(settled_at=None)


def test_refunded_renewal_that_may_have_been_done_is_cancelled_at_the_seller() -> None:
    """saas-v2 §3.3: the expiry is absolute; one that comes earlier is UNSUBSCRIBE_RENEWAL_PERIOD."""
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    assert compare(subscription) == [], "the order may still be restarted"
    refund_order(order, reason="Agreed.", actor=BY, now=NOW)
    assert compare(subscription) == [("end", "tell_end")]
    assert only_drift().facts == {"market": END.isoformat(), "seller": NEXT_END.isoformat(), "maybe": True}

    money = list(Transfer.objects.values())
    operation = repair(only_drift(), actor=BY, now=NOW)
    assert operation is not None
    assert (operation.kind, operation.origin, operation.actor) == ("tell_end", "operator", BY)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.expires_at, sent_command.scene) == (END, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)
    assert (sent_command.order_id, sent_command.order_line_id) == (order.number, f"{order.number}-000001")
    with pytest.raises(Refused, match=r"drift\.under_way"):
        repair(only_drift(), actor=BY, now=NOW)
    done(open_call())
    assert (compare(subscription), again(subscription).expires_at) == ([], END)
    assert list(Transfer.objects.values()) == money, "a repair never moves money"
    assert LeasedJob.objects.get(kind=KIND).key == f"service:{subscription.pk}", "it is compared again automatically"


def test_saas_1_end_is_sent_with_the_purchase() -> None:
    """saas-v1-license A2.3: a cancelled renewal is shown by the sign of its amount."""
    subscription = service("saas_v1")
    order = renewed(subscription)
    failed(open_call())
    refund_order(order, reason="Agreed.", actor=BY, now=NOW)
    compare(subscription)
    repair(only_drift(), actor=BY, now=NOW)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.purchase is not None
    assert (sent_command.purchase.expires_at, sent_command.purchase.amount, sent_command.scene) == (
        END,
        Decimal(100),
        Scene.UNSUBSCRIBE_RENEWAL_PERIOD,
    )


def test_stopped_freeze_is_restarted() -> None:
    subscription = service()
    freeze(subscription, reason="It sends spam.", actor=BY, now=NOW)
    failed(open_call())
    assert compare(subscription) == [("state", "restart")]
    operation = repair(only_drift(), actor=BY, now=NOW)
    assert operation == Operation.objects.get(kind="freeze")
    done(open_call())
    assert compare(subscription) == []
    assert Freeze.objects.filter(lifted_at=None).count() == 1


def test_freeze_is_sent_once_the_seller_supports_it() -> None:
    subscription = service()
    freeze(subscription, reason="It sends spam.", actor=BY, now=NOW)
    done(open_call())
    # The seller restored a backup, and an engineer reports it: the seller's state is unknown.
    Subscription.objects.filter(pk=subscription.pk).update(seller_state="unknown")
    assert compare(subscription) == [("state", "tell_state")]
    repair(only_drift(), actor=BY, now=NOW)
    assert open_call().command["status"] == "FREEZE"


def test_difference_for_a_person_is_not_repaired() -> None:
    subscription = service()
    assert compare(subscription, Answer.UNKNOWN) == [("gone", "person")]
    drift = only_drift()
    assert not may_repair(drift)
    before = Call.objects.count(), Operation.objects.count()
    with pytest.raises(Refused, match=r"drift\.person"):
        repair(drift, actor=BY, now=NOW)
    assert (Call.objects.count(), Operation.objects.count()) == before
    assert compare(subscription, Answer.NO_ANSWER) == [("gone", "person")], "a missing answer settles nothing"
    assert compare(subscription, Answer.HAS) == []


def test_difference_that_is_gone_is_settled_without_a_call() -> None:
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    refund_order(order, reason="Agreed.", actor=BY, now=NOW)
    compare(subscription)
    drift = only_drift()
    renewed(subscription)
    done(open_call())  # the seller completes a later renewal
    calls = Call.objects.count()
    assert repair(drift, actor=BY, now=NOW) is None
    assert Call.objects.count() == calls
    drift.refresh_from_db()
    assert drift.settled_at == NOW


def test_repeated_difference_is_one_row_until_settled() -> None:
    subscription = service()
    for day in range(2):
        compare(subscription, Answer.UNKNOWN, now=NOW + timedelta(days=day))
    [drift] = Drift.objects.all()
    assert (drift.found_at, drift.seen_at) == (NOW, NOW + timedelta(days=1))
    compare(subscription, Answer.HAS)
    compare(subscription, Answer.UNKNOWN)
    assert Drift.objects.count() == 2


def test_failed_repair_may_be_requested_again() -> None:
    subscription = service()
    compare(subscription)
    drift = Drift.objects.create(
        subscription=subscription, seller=subscription.seller, what="access", repair="take_access", found_at=NOW,
        seen_at=NOW,
    )  # fmt: skip
    for times in (1, 2):
        repair(drift, actor=BY, now=NOW)
        failed(open_call())
        react(now=NOW)
        drift.refresh_from_db()
        assert drift.repairs == times
        assert Operation.objects.filter(kind="take_access").count() == times
