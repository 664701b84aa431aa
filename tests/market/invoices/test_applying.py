"""What can be invoiced, once, and what becomes of it (business-rules §6.1, §6.2, §4.7; money.md §6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import NOW, make_buyer, make_order
from tests.market.fulfilment.refund_acts import agreed, asks, of_seller
from tests.market.fulfilment.services import again, bought, done, open_call, renewed, service
from tests.market.fulfilment.unsubscribing import PRICE, asked
from tests.market.invoices.applying import (
    DAY,
    FILE,
    FILES,
    PATIENCE,
    RECEIVER,
    TAX_NUMBER,
    applied,
    facts,
    issued,
    number_of,
    seller_person,
    title_of,
)
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.invoiceable import Facts, Why, judge
from tradepost.market.invoices.issue import Issue, ask_for, correct, decline
from tradepost.market.invoices.models import Invoice, InvoiceType, IssuedInvoice
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.receiver import checked as checked_receiver
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.invoices.titles import TitleDocument, checked, keep_title
from tradepost.market.invoices.types import offer
from tradepost.market.subscriptions.models import Subscription

DB = pytest.mark.django_db
BOUGHT = {"completed": True, "price_minor": 100, "paid_minor": 100, "earned_minor": 100}


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({}, 100),
        ({"paid_minor": 70, "earned_minor": 70}, 70),  # §6.1, a partial refund cuts it
        ({"paid_minor": 0, "earned_minor": 0}, Why.PAID_BACK),
        ({"completed": False, "earned_minor": 0}, Why.NOT_DELIVERED),
        ({"earned_minor": 0}, Why.NOT_BEGUN),
        ({"earned_minor": 60}, Why.NOT_BEGUN),
        ({"price_minor": 0, "paid_minor": 0, "earned_minor": 0}, Why.FREE),
        ({"sandbox": True}, Why.SANDBOX),
        ({"invoiced_minor": 100}, Why.INVOICED),
        ({"refund_asked": True}, Why.REFUND_ASKED),  # §4.7: no application while the refund is in review
    ],
)
def test_what_of_a_line_can_be_invoiced(more: dict[str, Any], result: int | Why) -> None:
    """§6.1: the full order amount; §4.7, §6.2: what was paid back is not."""
    assert judge(Facts(**{**BOUGHT, **more})) == result


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"tax_number": "91440300708461137T"}, "tax_number"),  # money.md §7: one digit changed
        ({"tax_number": "91440300708461136t "}, ""),
        ({"tax_number": "９１４４０３００７０８４６１１３６Ｔ"}, ""),
        ({"tax_number": ""}, "tax_number"),
        ({"name": " "}, "name"),
        ({"name": "<b>蓝天</b>"}, "name"),
        ({"name": "长" * 101}, "name"),
        ({"kind": "nobody"}, "kind"),
        ({"kind": "person", "tax_number": "x"}, ""),
        ({"bank": "中国银行"}, "company_address"),  # all four, or none
    ],
)
def test_titles(said: dict[str, str], field: str) -> None:
    """money.md §7: 91440300708461136T is valid, …137T is not; refused beside the field (issue 12, must show 4)."""
    document = TitleDocument(**({"kind": "company", "name": "蓝天科技", "tax_number": TAX_NUMBER} | said))
    if not field:
        assert checked(document).tax_number == ("" if said.get("kind") == "person" else TAX_NUMBER)
        return
    with pytest.raises(Refused) as refused:
        checked(document)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        ("general_digital", {"email": ""}, "email"),
        ("general_digital", {"email": "nobody"}, "email"),
        ("general_digital", {"phone": ""}, ""),
        ("general_digital", {"phone": "12"}, "phone"),
        ("general_paper", {"phone": ""}, "phone"),
        ("general_paper", {"email": ""}, ""),
        ("special_paper", {"name": " "}, "name"),
        ("special_paper", {"address": "上海"}, "address"),
    ],
)
def test_receivers(kind: str, said: dict[str, str], field: str) -> None:
    """§6.2: receiver mail or address."""
    whole = {"email": RECEIVER.email, "name": RECEIVER.name, "phone": RECEIVER.phone, "address": RECEIVER.address}
    receiver = InvoiceReceiver(**(whole | said))
    if not field:
        assert checked_receiver(receiver, InvoiceType(kind)).phone in {"", "+8613800138000"}
        return
    with pytest.raises(Refused) as refused:
        checked_receiver(receiver, InvoiceType(kind))
    assert refused.value.field == field


@DB
def test_an_order_is_invoiced_once_and_again_after_it_was_refused_or_cancelled() -> None:
    """§6.2: 已驳回, 已撤销 (reapply); money.md §2: unique(source) where live."""
    subscription = service(members=1)
    invoice = applied(subscription)
    assert (invoice.status, invoice.amount_minor, invoice.due_at) == ("review", PRICE, NOW + 7 * DAY)
    before = facts(subscription)
    with pytest.raises(Refused, match=r"invoice\.invoiced") as refused:
        applied(subscription)
    assert (refused.value.code, facts(subscription)) == ("invoice.invoiced", before)
    reject(invoice, "The name is misspelt.", by=seller_person(invoice), now=NOW)
    second = applied(subscription)
    cancel(second, now=NOW)
    third = applied(subscription)
    assert invoice_check.problems() == []
    issued(third)
    with pytest.raises(IllegalTransition):
        cancel(third, now=NOW)
    with pytest.raises(IllegalTransition):
        reject(third, "too late", by=seller_person(third), now=NOW)
    statuses = list(Invoice.objects.order_by("pk").values_list("status", "due_at"))
    assert statuses == [("rejected", None), ("cancelled", None), ("done", None)]
    assert invoice_check.problems() == []


@DB
def test_what_is_refused_changes_nothing() -> None:
    """Issue 12, must show 4: a foreign order, a type the seller does not issue (§6.2: greyed when not supported)."""
    subscription, other = service(members=1), service(members=1)
    buyer, before = subscription.buyer, facts(subscription)

    def refused(field: str, **more: object) -> None:
        wanted = {
            "orders": (number_of(subscription),), "invoice_type": "general_digital", "title": title_of(buyer).pk,
            "receiver": RECEIVER,
        }  # fmt: skip
        with pytest.raises(Refused) as why:
            apply(buyer, Application(**(wanted | more)), patience=PATIENCE, a_day=1, now=NOW)  # type: ignore[arg-type]
        assert (why.value.field, facts(subscription)) == (field, before)

    refused("orders", orders=(number_of(other),))
    refused("orders", orders=(number_of(subscription), number_of(other)))
    refused("orders", orders=("CS-none",))
    refused("orders", orders=())
    refused("type", invoice_type="special_paper")
    refused("type", invoice_type="made up")
    refused("title", title=title_of(make_buyer()).pk)
    refused("email", receiver=InvoiceReceiver(email="x"))
    refused("", amount_minor=PRICE - 1)
    offer(subscription.seller, ["special_digital"])
    refused("type")
    refused("title", invoice_type="special_digital")  # a special one needs bank and address
    offer(subscription.seller, ["general_digital"])
    applied(subscription)
    with pytest.raises(Refused, match=r"invoice\.too_many"):
        apply(
            buyer,
            Application(
                orders=(number_of(_of(buyer)),), invoice_type="general_digital", title=title_of(buyer).pk,
                receiver=RECEIVER,
            ),
            patience=PATIENCE, a_day=1, now=NOW,
        )  # fmt: skip


def _of(buyer: User) -> Subscription:
    """Another service, which this buyer bought."""
    return bought(make_order(buyer, offer=Offer.objects.order_by("pk")[0], paid=True))


@DB
def test_a_renewal_can_be_invoiced_when_its_time_begins() -> None:
    """What is held for a time to come goes back without the seller (§4.7): it is not the seller's yet."""
    subscription = service(members=1)
    order = renewed(subscription)
    done(open_call())
    with pytest.raises(Refused) as refused:
        applied(subscription, numbers=[order.number])
    assert refused.value.code == "invoice.not_begun"
    applied(subscription)
    asked(subscription, "cancel_renewal")  # the invoice stands over the first month alone
    assert invoice_check.problems() == []


@DB
def test_an_invoice_is_taken_back_before_anything_is_paid_back() -> None:
    """§6.2: invoice must be returned before unsubscribe; §4.7: return first."""
    subscription = service(members=1)
    invoice = applied(subscription)
    before = facts(subscription)
    with pytest.raises(Refused) as refused:
        asked(subscription, "no_reason", back=PRICE)
    assert (refused.value.code, facts(subscription)) == ("unsubscribe.invoiced", before)
    issued(invoice)
    with pytest.raises(Refused, match="invoiced"):
        asked(subscription, "no_reason", back=PRICE)
    take_back(invoice, red_letter="RL-2026-0001", reason="The buyer leaves.", by=seller_person(invoice), now=NOW)
    asked(subscription, "no_reason")
    assert again(subscription).status != "active"
    with pytest.raises(Refused) as gone:
        applied(subscription)
    assert gone.value.code == "invoice.paid_back"
    assert invoice_check.problems() == []


@DB
def test_what_remains_of_a_partial_refund_can_be_invoiced() -> None:
    """§4.7: no invoice application while the refund is in review; then what was paid and not paid back."""
    subscription = service("license_v1", members=1)
    refund = asks(subscription)
    with pytest.raises(Refused) as refused:
        applied(subscription)
    assert refused.value.code == "invoice.refund_asked"
    agreed(refund, of_seller(subscription))
    assert applied(subscription).amount_minor == PRICE - 3_000
    assert invoice_check.problems() == []


@DB
def test_correct_return_and_decline() -> None:
    """§6.2: return only when completed; digital invoices with a red letter's confirmation."""
    subscription = service(members=1)
    invoice = applied(subscription)
    with pytest.raises(Refused):
        ask_for(invoice, "return", "wrong name", patience=PATIENCE, now=NOW)
    issued(invoice)
    by, second = seller_person(invoice), "24312000000012345679"
    ask_for(invoice, "correct", "wrong name", patience=PATIENCE, now=NOW)
    with pytest.raises(Refused, match=r"invoice\.wished"):
        ask_for(invoice, "return", "again", patience=PATIENCE, now=NOW)
    decline(invoice, "It is as you typed it.", by=by, now=NOW)
    ask_for(invoice, "correct", "wrong name, truly", patience=PATIENCE, now=NOW)
    what = Issue(by=by, number=second, files=FILES, file=FILE)
    with pytest.raises(Refused) as refused:
        correct(invoice, what, now=NOW)
    assert refused.value.field == "red_letter"
    correct(invoice, what, red_letter="RL-2026-0001", now=NOW)
    rows = list(IssuedInvoice.objects.order_by("pk").values_list("number", "red_letter", "withdrawn_at"))
    assert rows == [("24312000000012345678", "RL-2026-0001", NOW), (second, "", None)]
    assert Invoice.objects.get().wish == ""
    with pytest.raises(Refused) as again_issued:
        issued(applied(_of(subscription.buyer)), number=second)
    assert again_issued.value.field == "number", "a number is issued once"


@DB
def test_titles_are_kept_once() -> None:
    buyer = make_buyer()
    first = title_of(buyer)
    assert title_of(buyer).pk == first.pk
    changed = keep_title(buyer, TitleDocument(kind="person", name="王小明"), title=first.pk, now=NOW)
    assert (changed.pk, changed.tax_number) == (first.pk, "")
