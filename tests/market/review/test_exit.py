"""Open money and invoices hold back the exit of a seller (business-rules §1.4 'Exit')."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import make_buyer, make_order, make_seller
from tests.factories.companies import admitted, approve, owner_of, send
from tests.factories.invoices import make_invoice
from tests.factories.metering import ZONE, make_metered
from tests.factories.people import NOW
from tests.factories.products import make_offer, make_product
from tests.factories.settlement import make_fee_invoice, make_statement
from tests.market.invoices.applying import issue_invoice
from tests.market.invoices.usage import APRIL, HOUR, apply_for_usage, charge_all, use
from tests.market.sites.seller_center.shops import enter as logged_in
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.invoices.models import Invoice
from tradepost.market.metering.void import void
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.review import drafts
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def drafted_exit(seller: Seller) -> Submission:
    begun = drafts.begin("exit", seller, by=owner_of(seller), now=NOW)
    return drafts.save(begun, {"reason": "停业"}, revision=begun.revision, now=NOW)


def complete_sale(seller: Seller) -> Order:
    """Make a completed order of a product that is no longer sold."""
    product = make_product(seller)
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    end_sales(seller)
    return order


def end_sales(seller: Seller) -> None:
    Order.objects.filter(lines__seller=seller).update(status=Order.Status.COMPLETED)
    OrderLine.objects.filter(seller=seller).update(status=Order.Status.COMPLETED)
    Subscription.objects.filter(seller=seller).update(status=Subscription.Status.RELEASED)
    Product.objects.filter(seller=seller).update(status=Product.Status.STOPPED)


def invoice(status: str, **more: Any) -> Callable[[Seller], object]:
    return lambda seller: make_invoice(complete_sale(seller), status=status, **more)


def statement(status: str) -> Callable[[Seller], object]:
    return lambda seller: make_statement(complete_sale(seller), status=status)


def fee_invoice(status: str) -> Callable[[Seller], object]:
    def make(seller: Seller) -> None:
        market = make_seller(self_operated=True)
        make_fee_invoice(make_statement(complete_sale(seller), status="paid"), market, owner_of(seller), status=status)

    return make


def refund_that_waits(seller: Seller) -> None:
    """Invoice usage and void one of its records: the refund waits for the return of the invoice (§6.2)."""
    metered = make_metered(buyer=make_buyer(balance="100"), seller=seller)
    [record] = use(metered, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    issue_invoice(apply_for_usage(metered), now=APRIL)
    void(record, reason="twice", actor="li", within=timedelta(days=366), zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    end_sales(seller)


HELD_BACK: list[tuple[str, Callable[[Seller], object]]] = [
    ("invoices", invoice("review")),
    ("invoices", invoice("to_issue")),
    ("invoices", invoice("done", wish="return", wished_at=NOW, due_at=NOW)),
    ("", invoice("done")),
    ("", invoice("rejected")),
    ("refunds", refund_that_waits),
    *(("" if one == "paid" else "statements", statement(one)) for one in Statement.Status.values),
    ("fee_invoices", fee_invoice("review")),
    ("fee_invoices", fee_invoice("to_issue")),
    ("", fee_invoice("done")),
]


@pytest.mark.parametrize(("field", "make"), HELD_BACK)
@pytest.mark.parametrize("when", ["before", "between"])
def test_exit_needs_settled_money_and_invoices(when: str, field: str, make: Callable[[Seller], object]) -> None:
    """§1.4: "nothing unsettled, no un-issued customer invoice […], no un-issued platform-fee invoice"; checked on
    submission and on approval.
    """
    seller = admitted()
    if when == "before":
        make(seller)
    draft = drafted_exit(seller)
    if field and when == "before":
        with pytest.raises(Incomplete) as refused:
            send(draft)
        assert Submission.objects.get(pk=draft.pk).status == "draft"
    else:
        sent = send(draft)
        if when == "between":
            make(seller)
        if not field:
            approve(sent)
            assert Seller.objects.get(pk=seller.pk).status == "exited"
            return
        with pytest.raises(Incomplete) as refused:
            approve(sent)
        assert Submission.objects.get(pk=draft.pk).status == "pending"
    assert [finding.field for finding in refused.value.findings] == [field]
    assert "1" in refused.value.findings[0].words
    assert Seller.objects.get(pk=seller.pk).is_selling


def test_former_seller_still_issues_and_returns_invoices() -> None:
    """§6.2: a buyer may apply and ask for a return after its seller left."""
    seller = admitted()
    first, second = complete_sale(seller), complete_sale(seller)
    approve(send(drafted_exit(seller)))
    invoice = make_invoice(first)
    page = logged_in(owner_of(seller))
    assert "/seller/invoices/" in page.get("/seller/company/statement/").content.decode()
    for path in (
        "/seller/invoices/",
        f"/seller/invoices/{invoice.pk}/",
        "/seller/invoices/types/",
        "/seller/invoices/batch/",
    ):
        assert page.get(path).status_code == 200, path
    page.post(f"/seller/invoices/{invoice.pk}/review/", {"answer": "approve"})
    assert Invoice.objects.get(pk=invoice.pk).status == "to_issue"
    issued = make_invoice(second, status="done")
    page.post(f"/seller/invoices/{issued.pk}/take-back/", {"red_letter": "RL-0001", "reason": "wrong title"})
    assert Invoice.objects.get(pk=issued.pk).status == "returned"
