"""Invoices concurrent with other actions: nothing is invoiced twice, and no invoiced amount is refunded (money.md §6)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_order
from tests.factories.metering import make_metered, on_demand
from tests.market.at_once import at_once
from tests.market.fulfilment.services import again, bought, service
from tests.market.fulfilment.unsubscribing import PRICE, RULES
from tests.market.invoices.applying import PATIENCE, RECEIVER, apply_for_invoice, number_of, seller_member, title_of
from tests.market.invoices.usage import APRIL, HOUR, MARCH, charge_all, month_totals, problems, use, void_record
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


def apply_for_order(subscription: Subscription, title: int, *, a_day: int = 50) -> Invoice:
    application = Application(
        orders=(number_of(subscription),), invoice_type="general_digital", title=title, receiver=RECEIVER
    )
    return apply(subscription.buyer, application, patience=PATIENCE, a_day=a_day, now=NOW)


@pytest.mark.slow
def test_fifty_concurrent_applications_create_one_invoice() -> None:
    """Issue 12, must show 1."""
    subscription = service(members=1)
    title = title_of(subscription.buyer).pk
    outcomes = at_once([lambda: apply_for_order(subscription, title)] * 50)
    assert sorted(outcomes) == ["done"] + ["invoice.invoiced"] * 49
    assert (Invoice.objects.count(), InvoiceItem.objects.count()) == (1, 1)
    assert invoice_check.problems() == []


@pytest.mark.slow
def test_daily_limit_holds_for_concurrent_applications() -> None:
    """The applications are for different orders, so locks on orders do not serialise them."""
    first = service(members=1)
    offer = Offer.objects.get(pk=first.offer_id)
    services = [first, *(bought(make_order(first.buyer, offer=offer, paid=True)) for _ in range(3))]
    title = title_of(first.buyer).pk
    outcomes = at_once(
        [lambda subscription=subscription: apply_for_order(subscription, title, a_day=2) for subscription in services]  # type: ignore[misc]
    )
    assert sorted(outcomes) == ["done", "done", "invoice.too_many", "invoice.too_many"]
    assert (Invoice.objects.count(), InvoiceItem.objects.count()) == (2, 2)
    assert invoice_check.problems() == []


def test_order_is_invoiced_or_refunded() -> None:
    subscription = service(members=1)
    title = title_of(subscription.buyer).pk
    command = Unsubscribe(subscription=subscription.pk, way="no_reason", back_minor=PRICE, agreed=True)
    outcomes = at_once(
        [
            lambda: apply_for_order(subscription, title),
            lambda: unsubscribe(subscription.buyer, command, rules=RULES, now=NOW),
        ]
    )
    status = again(subscription).status
    assert (outcomes, status) in (
        (["done", "unsubscribe.invoiced"], "active"), (["invoice.paid_back", "done"], "releasing"),
    )  # fmt: skip
    assert invoice_check.problems() == []
    assert ledger.verify().problems == ()


def test_concurrent_cancellation_and_approval_have_one_outcome() -> None:
    """§6.2: it must be 待审核 to be cancelled."""
    invoice = apply_for_invoice(service(members=1))
    by = seller_member(invoice)
    outcomes = at_once([lambda: cancel(invoice, now=NOW), lambda: approve(invoice, by=by, now=NOW)])
    assert sorted(outcomes) == ["done", "invoice.not_allowed"]
    assert Invoice.objects.get().status == ("cancelled" if outcomes[0] == "done" else "to_issue")
    assert invoice_check.problems() == []


@pytest.mark.slow
def test_twenty_concurrent_applications_for_usage_create_one_invoice() -> None:
    """Issue 26, must show 1: the lock on the buyer's account serialises them."""
    subscription = _service_with_usage()
    title = title_of(subscription.buyer).pk
    outcomes = at_once([lambda: _apply_for_usage(subscription, title)] * 20)
    assert sorted(outcomes) == ["done"] + ["invoice.invoiced"] * 19
    assert (Invoice.objects.count(), month_totals(subscription), problems()) == (1, (1000, 1000), [])


@pytest.mark.slow
def test_usage_is_invoiced_or_refunded() -> None:
    """§6.2: in either order, invoiced usage is not refunded before the invoice is returned."""
    subscription = _service_with_usage()
    title, record = title_of(subscription.buyer).pk, Record.objects.order_by("pk")[0]

    def refund() -> None:
        void_record(record, now=APRIL)
        charge_all(now=APRIL)

    outcomes = at_once([lambda: _apply_for_usage(subscription, title), refund])
    assert outcomes in (["done", "usage.invoiced"], ["done", "done"], ["invoice.not_charged", "done"]), outcomes
    charge_all(now=APRIL + HOUR)
    paid, invoiced = month_totals(subscription)
    assert (invoiced <= paid, problems()) == (True, [])


def _service_with_usage() -> Subscription:
    subscription = make_metered(price=on_demand(amount=Decimal(1)), buyer=make_buyer(balance="1000"))
    use(subscription, 4, 6, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    return subscription


def _apply_for_usage(subscription: Subscription, title: int) -> Invoice:
    application = Application(
        usage=(f"{subscription.pk}:{MARCH}",), invoice_type="general_digital", title=title, receiver=RECEIVER
    )  # fmt: skip
    return apply(subscription.buyer, application, patience=PATIENCE, a_day=50, now=APRIL)
