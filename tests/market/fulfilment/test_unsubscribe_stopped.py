"""Unsubscribing while operations are stopped at the seller: they do not block it, and late results are corrected
(operations.md §4)."""

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
from tradepost.market.orders.refund_terms import RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.protocols.commands import Expire, Release

pytestmark = pytest.mark.django_db


def test_thaw_by_a_late_refresh_is_followed_by_a_freeze() -> None:
    """operations.md §4: a refresh under ``refresh_thaws`` makes the seller's state active, so an outstanding freeze is
    called again.

    The renewal was cancelled, but its seller was not called before the paid time ended, and was restarted later (seed
    2043).
    """
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
    assert isinstance(command(open_call()), Expire), "the refresh thawed it"
    done(open_call(), now=told_late)
    assert (again(subscription).status, again(subscription).seller_state) == ("frozen", "frozen")
    assert not Operation.objects.filter(status__in=["queued", "running", "stopped"]).exists()


def test_stopped_renewal_does_not_block_unsubscribing() -> None:
    """operations.md §4: a stopped operation blocks nothing. On an unsubscription the payment is refunded at the
    request, not when the seller has deleted the service (§7)."""
    subscription = service()
    had = balance(subscription) + PRICE
    order = renewed(subscription)
    failed(open_call())
    assert (balance(subscription), order_status(order)) == (had - 2 * PRICE, "processing")
    [way] = possible_refunds(again(subscription), RULES, now=NOW, stalled=stalled_orders(subscription)).ways
    assert (way.way, way.back.minor, way.stalled_minor) == ("no_reason", PRICE, PRICE)
    refund = asked(subscription, "no_reason")
    assert (refund.total.minor, balance(subscription)) == (PRICE, had), "the renewal is refunded in addition"
    assert order_status(order) == "refunded"
    assert isinstance(command(open_call()), Release)
    assert not Operation.objects.filter(status="stopped").exists(), "it is not restarted"
    done(open_call())
    assert (again(subscription).status, balance(subscription)) == ("released", had)
    assert ledger.verify().problems == ()


def test_renewal_before_a_stopped_one_is_not_cancelled() -> None:
    """The stopped renewal begins when the first one ends, and its seller may have done it."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    renewed(subscription)
    failed(open_call())
    before, later = facts(subscription), NOW + 6 * DAY
    refunds = possible_refunds(again(subscription), RULES, now=later, stalled=stalled_orders(subscription))
    assert (refunds.ways, refunds.why) == ((), RefusalReason.UNDER_WAY)
    with pytest.raises(Refused, match=r"unsubscribe\.under_way"):
        asked(subscription, "cancel_renewal", now=later, back=PRICE)
    assert facts(subscription) == before
