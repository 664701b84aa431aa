"""Invoices and something else at the same moment: nothing is invoiced twice, nothing invoiced is paid back (money.md §6)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_order
from tests.factories.metering import make_metered, on_demand
from tests.market.at_once import at_once
from tests.market.fulfilment.services import again, bought, service
from tests.market.fulfilment.unsubscribing import PRICE, RULES
from tests.market.invoices.applying import PATIENCE, RECEIVER, applied, number_of, seller_person, title_of
from tests.market.invoices.usage import APRIL, HOUR, MARCH, charge_all, month, problems, use, void_it
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.issue import approve
from tradepost.market.invoices.models import Invoice, InvoiceItem
from tradepost.market.metering.models import Record
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def applies(subscription: Subscription, title: int, *, a_day: int = 50) -> Invoice:
    wanted = Application(
        orders=(number_of(subscription),), invoice_type="general_digital", title=title, receiver=RECEIVER
    )
    return apply(subscription.buyer, wanted, patience=PATIENCE, a_day=a_day, now=NOW)


def test_fifty_applications_for_one_order_are_one_invoice() -> None:
    """Issue 12, must show 1."""
    subscription = service(members=1)
    title = title_of(subscription.buyer).pk
    outcomes = at_once([lambda: applies(subscription, title)] * 50)
    assert sorted(outcomes) == ["done"] + ["invoice.invoiced"] * 49
    assert (Invoice.objects.count(), InvoiceItem.objects.count()) == (1, 1)
    assert invoice_check.problems() == []


def test_the_daily_limit_holds_for_applications_of_one_moment() -> None:
    """They are about different orders, so that nothing of the orders holds them apart."""
    first = service(members=1)
    offer = Offer.objects.get(pk=first.offer_id)
    services = [first, *(bought(make_order(first.buyer, offer=offer, paid=True)) for _ in range(3))]
    title = title_of(first.buyer).pk
    outcomes = at_once([lambda one=one: applies(one, title, a_day=2) for one in services])  # type: ignore[misc]
    assert sorted(outcomes) == ["done", "done", "invoice.too_many", "invoice.too_many"]
    assert (Invoice.objects.count(), InvoiceItem.objects.count()) == (2, 2)
    assert invoice_check.problems() == []


def test_an_order_is_invoiced_or_paid_back() -> None:
    subscription = service(members=1)
    title = title_of(subscription.buyer).pk
    wanted = Unsubscribe(subscription=subscription.pk, way="no_reason", back_minor=PRICE, agreed=True)
    outcomes = at_once(
        [lambda: applies(subscription, title), lambda: unsubscribe(subscription.buyer, wanted, rules=RULES, now=NOW)]
    )
    status = again(subscription).status
    assert (outcomes, status) in (
        (["done", "unsubscribe.invoiced"], "active"), (["invoice.paid_back", "done"], "releasing"),
    )  # fmt: skip
    assert invoice_check.problems() == []
    assert ledger.verify().problems == ()


def test_cancelled_by_its_buyer_or_accepted_by_its_seller() -> None:
    """§6.2: it must be 待审核 to be cancelled."""
    invoice = applied(service(members=1))
    by = seller_person(invoice)
    outcomes = at_once([lambda: cancel(invoice, now=NOW), lambda: approve(invoice, by=by, now=NOW)])
    assert sorted(outcomes) == ["done", "invoice.not_allowed"]
    assert Invoice.objects.get().status == ("cancelled" if outcomes[0] == "done" else "to_issue")
    assert invoice_check.problems() == []


def test_twenty_applications_for_one_month_of_usage_are_one_invoice() -> None:
    """Issue 26, must show 1: what holds them apart is the buyer's account."""
    held = _used()
    title = title_of(held.buyer).pk
    outcomes = at_once([lambda: _applies_for_usage(held, title)] * 20)
    assert sorted(outcomes) == ["done"] + ["invoice.invoiced"] * 19
    assert (Invoice.objects.count(), month(held), problems()) == (1, (1000, 1000), [])


def test_usage_is_invoiced_or_refunded() -> None:
    """§6.2: whichever comes first, what is invoiced is not refunded before the invoice is returned."""
    held = _used()
    title, record = title_of(held.buyer).pk, Record.objects.order_by("pk")[0]

    def refund() -> None:
        void_it(record, now=APRIL)
        charge_all(now=APRIL)

    outcomes = at_once([lambda: _applies_for_usage(held, title), refund])
    assert outcomes in (["done", "usage.invoiced"], ["done", "done"], ["invoice.not_charged", "done"]), outcomes
    charge_all(now=APRIL + HOUR)
    paid, invoiced = month(held)
    assert (invoiced <= paid, problems()) == (True, [])


def _used() -> Subscription:
    held = make_metered(price=on_demand(amount=Decimal(1)), buyer=make_buyer(balance="1000"))
    use(held, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    return held


def _applies_for_usage(held: Subscription, title: int) -> Invoice:
    wanted = Application(
        usage=(f"{held.pk}:{MARCH}",), invoice_type="general_digital", title=title, receiver=RECEIVER
    )  # fmt: skip
    return apply(held.buyer, wanted, patience=PATIENCE, a_day=50, now=APRIL)
