"""What money and invoices hold back the exit of a seller (business-rules §1.4 'Exit')."""

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
from tests.market.invoices.applying import issued
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


def leaving(seller: Seller) -> Submission:
    begun = drafts.begin("exit", seller, by=owner_of(seller), now=NOW)
    return drafts.save(begun, {"reason": "停业"}, revision=begun.revision, now=NOW)


def sold(seller: Seller) -> Order:
    """An order that is over, of a product that is not sold any more."""
    product = make_product(seller)
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    over(seller)
    return order


def over(seller: Seller) -> None:
    Order.objects.filter(lines__seller=seller).update(status=Order.Status.COMPLETED)
    OrderLine.objects.filter(seller=seller).update(status=Order.Status.COMPLETED)
    Subscription.objects.filter(seller=seller).update(status=Subscription.Status.RELEASED)
    Product.objects.filter(seller=seller).update(status=Product.Status.STOPPED)


def invoice(status: str, **more: Any) -> Callable[[Seller], object]:
    return lambda seller: make_invoice(sold(seller), status=status, **more)


def statement(status: str) -> Callable[[Seller], object]:
    return lambda seller: make_statement(sold(seller), status=status)


def fee_invoice(status: str) -> Callable[[Seller], object]:
    def make(seller: Seller) -> None:
        market = make_seller(self_operated=True)
        make_fee_invoice(make_statement(sold(seller), status="paid"), market, owner_of(seller), status=status)

    return make


def refund_that_waits(seller: Seller) -> None:
    """Usage that is invoiced, and of which a record is voided: its refund waits for the return of the invoice (§6.2)."""
    held = make_metered(buyer=make_buyer(balance="100"), seller=seller)
    [record] = use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    issued(apply_for_usage(held), now=APRIL)
    void(record, reason="twice", actor="li", within=timedelta(days=366), zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    over(seller)


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
def test_nothing_of_money_and_invoices_is_open(when: str, field: str, make: Callable[[Seller], object]) -> None:
    """§1.4: "nothing unsettled, no un-issued customer invoice […], no un-issued platform-fee invoice"; asked when it is sent and when
    it is approved."""
    seller = admitted()
    if when == "before":
        make(seller)
    draft = leaving(seller)
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
    assert [each.field for each in refused.value.findings] == [field]
    assert "1" in refused.value.findings[0].words
    assert Seller.objects.get(pk=seller.pk).is_selling


def test_a_seller_that_left_still_issues_and_returns_invoices() -> None:
    """§6.2: a buyer may apply and ask for a return after its seller left."""
    seller = admitted()
    first, second = sold(seller), sold(seller)
    approve(send(leaving(seller)))
    made = make_invoice(first)
    page = logged_in(owner_of(seller))
    assert "/seller/invoices/" in page.get("/seller/company/statement/").content.decode()
    for there in (
        "/seller/invoices/",
        f"/seller/invoices/{made.pk}/",
        "/seller/invoices/types/",
        "/seller/invoices/batch/",
    ):
        assert page.get(there).status_code == 200, there
    page.post(f"/seller/invoices/{made.pk}/review/", {"answer": "approve"})
    assert Invoice.objects.get(pk=made.pk).status == "to_issue"
    done = make_invoice(second, status="done")
    page.post(f"/seller/invoices/{done.pk}/take-back/", {"red_letter": "RL-0001", "reason": "wrong title"})
    assert Invoice.objects.get(pk=done.pk).status == "returned"
