"""Unsubscribing beside what stopped at the seller: it holds nobody up, and what it knows too late is made good (operations.md §4)."""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tests.market.fulfilment.services import (
    END,
    GRACE,
    again,
    command,
    done,
    failed,
    open_call,
    order_status,
    passes,
    renewed,
    service,
)
from tests.market.fulfilment.unsubscribing import DAY, PRICE, RULES, asked, balance, facts
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.restart import restart
from tradepost.market.orders.refund_terms import Why
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.protocols.commands import Expire, Release

pytestmark = pytest.mark.django_db


def test_a_seller_that_thaws_when_it_is_told_late_is_asked_to_freeze_again() -> None:
    """operations.md §4: a refresh under ``refresh_thaws`` makes the seller's state active, so that what stands is asked again.
    The renewal was taken back, its seller was not told before the paid time was over and is restarted after that (seed 2043)."""
    subscription = service("saas_v1")
    renewed(subscription)
    done(open_call())
    asked(subscription, "cancel_renewal")
    failed(open_call())
    passes(END + GRACE)
    assert isinstance(command(open_call()), Expire)
    done(open_call(), now=END + GRACE)
    assert (again(subscription).status, again(subscription).seller_state) == ("frozen", "frozen")
    told_late = END + GRACE + DAY
    restart(Operation.objects.get(kind="cancel_renewal"), actor="seller", now=told_late)
    done(open_call(), now=told_late)
    assert isinstance(command(open_call()), Expire), "the refresh has thawed it"
    done(open_call(), now=told_late)
    assert (again(subscription).status, again(subscription).seller_state) == ("frozen", "frozen")
    assert not Operation.objects.filter(status__in=["queued", "running", "stopped"]).exists()


def test_a_renewal_that_stopped_at_its_seller_holds_up_nobody_who_leaves() -> None:
    """operations.md §4: an operation that is stopped holds up nothing; on an unsubscription what was paid is refunded, when it
    is asked for and not when the seller has deleted the service (§7)."""
    subscription = service()
    had = balance(subscription) + PRICE
    order = renewed(subscription)
    failed(open_call())
    assert (balance(subscription), order_status(order)) == (had - 2 * PRICE, "processing")
    [way] = what_may(again(subscription), RULES, now=NOW, stalled=stalled_orders(subscription)).ways
    assert (way.way, way.back.minor, way.stalled_minor) == ("no_reason", PRICE, PRICE)
    refund = asked(subscription, "no_reason")
    assert (refund.total.minor, balance(subscription)) == (PRICE, had), "the renewal is paid back beside the refund"
    assert order_status(order) == "refunded"
    assert isinstance(command(open_call()), Release)
    assert not Operation.objects.filter(status="stopped").exists(), "nobody restarts it"
    done(open_call())
    assert (again(subscription).status, balance(subscription)) == ("released", had)
    assert ledger.verify().problems == ()


def test_a_renewal_is_not_taken_back_below_one_that_stopped_at_the_seller() -> None:
    """It was ordered to begin when the first one ends, and its seller may have done it."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    renewed(subscription)
    failed(open_call())
    before, later = facts(subscription), NOW + 6 * DAY
    found = what_may(again(subscription), RULES, now=later, stalled=stalled_orders(subscription))
    assert (found.ways, found.why) == ((), Why.UNDER_WAY)
    with pytest.raises(Refused, match=r"unsubscribe\.under_way"):
        asked(subscription, "cancel_renewal", now=later, back=PRICE)
    assert facts(subscription) == before
