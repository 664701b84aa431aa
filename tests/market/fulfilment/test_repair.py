"""What repairs a difference that the market's own rows show: the end told again, a freeze told again, what stopped restarted."""

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
from tradepost.market.fulfilment.market_side import sides_of
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.fulfilment.pay_back import pay_back
from tradepost.market.fulfilment.reconcile import KIND, note
from tradepost.market.fulfilment.repair import may_repair, repair
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import Refresh, Scene

pytestmark = pytest.mark.django_db
BY = "operator@market.example"


def compared(
    subscription: Subscription, answer: Answer = Answer.NOT_ASKED, *, now: datetime = NOW
) -> list[tuple[str, str]]:
    """As a comparison notes it with this answer of the seller."""
    sides = sides_of([again(subscription)])
    note(sides, dict.fromkeys(sides, SellerSide(answer=answer)), now=now)
    return sorted(Drift.objects.filter(settled_at=None).values_list("what", "repair"))


def the_drift() -> Drift:
    return Drift.objects.select_related("operation").get(settled_at=None)


def test_a_renewal_that_the_seller_may_have_done_and_that_was_paid_back_is_taken_back_at_the_seller() -> None:
    """saas-v2 §3.3: the expiry is absolute; one that comes earlier is UNSUBSCRIBE_RENEWAL_PERIOD."""
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    assert compared(subscription) == [], "it may still be restarted"
    pay_back(order, reason="Agreed.", actor=BY, now=NOW)
    assert compared(subscription) == [("end", "tell_end")]
    assert the_drift().facts == {"market": END.isoformat(), "seller": NEXT_END.isoformat(), "maybe": True}

    money = list(Transfer.objects.values())
    operation = repair(the_drift(), actor=BY, now=NOW)
    assert operation is not None
    assert (operation.kind, operation.origin, operation.actor) == ("tell_end", "operator", BY)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.expires_at, asked.scene) == (END, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)
    assert (asked.order_id, asked.order_line_id) == (order.number, f"{order.number}-000001")
    with pytest.raises(Refused, match=r"drift\.under_way"):
        repair(the_drift(), actor=BY, now=NOW)
    done(open_call())
    assert (compared(subscription), again(subscription).expires_at) == ([], END)
    assert list(Transfer.objects.values()) == money, "money is never touched"
    assert LeasedJob.objects.get(kind=KIND).key == f"service:{subscription.pk}", "it is compared again by itself"


def test_over_saas_1_the_end_is_told_with_what_was_bought() -> None:
    """saas-v1-license A2.3: a cancelled renewal is told by the sign of its amount."""
    subscription = service("saas_v1")
    order = renewed(subscription)
    failed(open_call())
    pay_back(order, reason="Agreed.", actor=BY, now=NOW)
    compared(subscription)
    repair(the_drift(), actor=BY, now=NOW)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert asked.purchase is not None
    assert (asked.purchase.expires_at, asked.purchase.amount, asked.scene) == (
        END,
        Decimal(100),
        Scene.UNSUBSCRIBE_RENEWAL_PERIOD,
    )


def test_a_freeze_that_stopped_is_restarted() -> None:
    subscription = service()
    freeze(subscription, reason="It sends spam.", actor=BY, now=NOW)
    failed(open_call())
    assert compared(subscription) == [("state", "restart")]
    operation = repair(the_drift(), actor=BY, now=NOW)
    assert operation == Operation.objects.get(kind="freeze")
    done(open_call())
    assert compared(subscription) == []
    assert Freeze.objects.filter(lifted_at=None).count() == 1


def test_a_seller_that_can_be_told_of_a_freeze_by_now_is_told() -> None:
    subscription = service()
    freeze(subscription, reason="It sends spam.", actor=BY, now=NOW)
    done(open_call())
    # A backup was restored, and an engineer says so by hand: nobody knows how it stands there.
    Subscription.objects.filter(pk=subscription.pk).update(seller_state="unknown")
    assert compared(subscription) == [("state", "tell_state")]
    repair(the_drift(), actor=BY, now=NOW)
    assert open_call().command["status"] == "FREEZE"


def test_what_a_person_must_see_to_is_not_repaired() -> None:
    subscription = service()
    assert compared(subscription, Answer.UNKNOWN) == [("gone", "person")]
    drift = the_drift()
    assert not may_repair(drift)
    before = Call.objects.count(), Operation.objects.count()
    with pytest.raises(Refused, match=r"drift\.person"):
        repair(drift, actor=BY, now=NOW)
    assert (Call.objects.count(), Operation.objects.count()) == before
    assert compared(subscription, Answer.NO_ANSWER) == [("gone", "person")], "no answer settles nothing"
    assert compared(subscription, Answer.HAS) == []


def test_what_is_gone_meanwhile_is_settled_and_nothing_is_asked() -> None:
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    pay_back(order, reason="Agreed.", actor=BY, now=NOW)
    compared(subscription)
    drift = the_drift()
    renewed(subscription)
    done(open_call())  # the seller said of a later renewal that it did it
    calls = Call.objects.count()
    assert repair(drift, actor=BY, now=NOW) is None
    assert Call.objects.count() == calls
    drift.refresh_from_db()
    assert drift.settled_at == NOW


def test_a_difference_is_one_row_until_it_is_settled_and_another_when_it_comes_again() -> None:
    subscription = service()
    for day in range(2):
        compared(subscription, Answer.UNKNOWN, now=NOW + timedelta(days=day))
    [drift] = Drift.objects.all()
    assert (drift.found_at, drift.seen_at) == (NOW, NOW + timedelta(days=1))
    compared(subscription, Answer.HAS)
    compared(subscription, Answer.UNKNOWN)
    assert Drift.objects.count() == 2


def test_a_repair_may_be_asked_for_again_when_it_ended_in_vain() -> None:
    subscription = service()
    compared(subscription)
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
