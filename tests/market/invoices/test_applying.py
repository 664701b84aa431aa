"""What can be invoiced, only once, and the states of an invoice (business-rules §6.1, §6.2, §4.7; money.md §6)."""

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
    apply_for_invoice,
    issue_invoice,
    number_of,
    seller_member,
    stored_state,
    title_of,
)
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.invoiceable import LineFacts, NotInvoiceable, invoiceable_amount
from tradepost.market.invoices.issue import IssueData, correct, decline, request_change
from tradepost.market.invoices.models import Invoice, InvoiceType, IssuedInvoice
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.receiver import checked as checked_receiver
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.invoices.titles import TitleDocument, checked, save_title
from tradepost.market.invoices.types import set_types
from tradepost.market.subscriptions.models import Subscription

USES_DATABASE = pytest.mark.django_db
PAID_LINE = {"completed": True, "price_minor": 100, "paid_minor": 100, "earned_minor": 100}


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, 100),
        ({"paid_minor": 70, "earned_minor": 70}, 70),  # §6.1, a partial refund cuts it
        ({"paid_minor": 0, "earned_minor": 0}, NotInvoiceable.PAID_BACK),
        ({"completed": False, "earned_minor": 0}, NotInvoiceable.NOT_DELIVERED),
        ({"earned_minor": 0}, NotInvoiceable.NOT_BEGUN),
        ({"earned_minor": 60}, NotInvoiceable.NOT_BEGUN),
        ({"price_minor": 0, "paid_minor": 0, "earned_minor": 0}, NotInvoiceable.FREE),
        ({"sandbox": True}, NotInvoiceable.SANDBOX),
        ({"invoiced_minor": 100}, NotInvoiceable.INVOICED),
        ({"refund_asked": True}, NotInvoiceable.REFUND_ASKED),  # §4.7: no application while the refund is in review
    ],
)
def test_invoiceable_amount_of_a_line(changes: dict[str, Any], result: int | NotInvoiceable) -> None:
    """§6.1: the full order amount; §4.7, §6.2: refunded amounts are excluded."""
    assert invoiceable_amount(LineFacts(**{**PAID_LINE, **changes})) == result


@pytest.mark.parametrize(
    ("fields", "field"),
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
def test_titles_are_validated(fields: dict[str, str], field: str) -> None:
    """money.md §7: 91440300708461136T is valid, …137T is not; refused beside the field (issue 12, must show 4)."""
    document = TitleDocument(**({"kind": "company", "name": "蓝天科技", "tax_number": TAX_NUMBER} | fields))
    if not field:
        assert checked(document).tax_number == ("" if fields.get("kind") == "person" else TAX_NUMBER)
        return
    with pytest.raises(Refused) as error:
        checked(document)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
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
def test_receivers_are_validated(kind: str, fields: dict[str, str], field: str) -> None:
    """§6.2: receiver mail or address."""
    valid = {"email": RECEIVER.email, "name": RECEIVER.name, "phone": RECEIVER.phone, "address": RECEIVER.address}
    receiver = InvoiceReceiver(**(valid | fields))
    if not field:
        assert checked_receiver(receiver, InvoiceType(kind)).phone in {"", "+8613800138000"}
        return
    with pytest.raises(Refused) as error:
        checked_receiver(receiver, InvoiceType(kind))
    assert error.value.field == field


@USES_DATABASE
def test_order_is_invoiced_once_and_again_after_rejection_or_cancellation() -> None:
    """§6.2: 已驳回, 已撤销 (reapply); money.md §2: unique(source) where live."""
    subscription = service(members=1)
    invoice = apply_for_invoice(subscription)
    assert (invoice.status, invoice.amount_minor, invoice.due_at) == ("review", PRICE, NOW + 7 * DAY)
    before = stored_state(subscription)
    with pytest.raises(Refused, match=r"invoice\.invoiced") as error:
        apply_for_invoice(subscription)
    assert (error.value.code, stored_state(subscription)) == ("invoice.invoiced", before)
    reject(invoice, "The name is misspelt.", by=seller_member(invoice), now=NOW)
    second = apply_for_invoice(subscription)
    cancel(second, now=NOW)
    third = apply_for_invoice(subscription)
    assert invoice_check.problems() == []
    issue_invoice(third)
    with pytest.raises(IllegalTransition):
        cancel(third, now=NOW)
    with pytest.raises(IllegalTransition):
        reject(third, "too late", by=seller_member(third), now=NOW)
    statuses = list(Invoice.objects.order_by("pk").values_list("status", "due_at"))
    assert statuses == [("rejected", None), ("cancelled", None), ("done", None)]
    assert invoice_check.problems() == []


@USES_DATABASE
def test_refused_application_changes_nothing() -> None:
    """Issue 12, must show 4: a foreign order, a type the seller does not issue (§6.2: greyed when not supported)."""
    subscription, other = service(members=1), service(members=1)
    buyer, before = subscription.buyer, stored_state(subscription)

    def refuse_application(field: str, **changes: object) -> None:
        fields = {
            "orders": (number_of(subscription),), "invoice_type": "general_digital", "title": title_of(buyer).pk,
            "receiver": RECEIVER,
        }  # fmt: skip
        with pytest.raises(Refused) as error:
            apply(buyer, Application(**(fields | changes)), patience=PATIENCE, a_day=1, now=NOW)  # type: ignore[arg-type]
        assert (error.value.field, stored_state(subscription)) == (field, before)

    refuse_application("orders", orders=(number_of(other),))
    refuse_application("orders", orders=(number_of(subscription), number_of(other)))
    refuse_application("orders", orders=("CS-none",))
    refuse_application("orders", orders=())
    refuse_application("type", invoice_type="special_paper")
    refuse_application("type", invoice_type="made up")
    refuse_application("title", title=title_of(make_buyer()).pk)
    refuse_application("email", receiver=InvoiceReceiver(email="x"))
    refuse_application("", amount_minor=PRICE - 1)
    set_types(subscription.seller, ["special_digital"])
    refuse_application("type")
    refuse_application("title", invoice_type="special_digital")  # a special invoice needs bank and address
    set_types(subscription.seller, ["general_digital"])
    apply_for_invoice(subscription)
    with pytest.raises(Refused, match=r"invoice\.too_many"):
        apply(
            buyer,
            Application(
                orders=(number_of(_another_service(buyer)),), invoice_type="general_digital", title=title_of(buyer).pk,
                receiver=RECEIVER,
            ),
            patience=PATIENCE, a_day=1, now=NOW,
        )  # fmt: skip


def _another_service(buyer: User) -> Subscription:
    """Return another service of this buyer."""
    return bought(make_order(buyer, offer=Offer.objects.order_by("pk")[0], paid=True))


@USES_DATABASE
def test_renewal_can_be_invoiced_when_its_period_starts() -> None:
    """A period that has not started is refunded without the seller (§4.7), because the seller has not earned it yet."""
    subscription = service(members=1)
    order = renewed(subscription)
    done(open_call())
    with pytest.raises(Refused) as error:
        apply_for_invoice(subscription, numbers=[order.number])
    assert error.value.code == "invoice.not_begun"
    apply_for_invoice(subscription)
    asked(subscription, "cancel_renewal")  # the invoice covers only the first month
    assert invoice_check.problems() == []


@USES_DATABASE
def test_invoice_must_be_returned_before_a_refund() -> None:
    """§6.2: invoice must be returned before unsubscribe; §4.7: return first."""
    subscription = service(members=1)
    invoice = apply_for_invoice(subscription)
    before = stored_state(subscription)
    with pytest.raises(Refused) as error:
        asked(subscription, "no_reason", back=PRICE)
    assert (error.value.code, stored_state(subscription)) == ("unsubscribe.invoiced", before)
    issue_invoice(invoice)
    with pytest.raises(Refused, match="invoiced"):
        asked(subscription, "no_reason", back=PRICE)
    return_invoice(invoice, red_letter="RL-2026-0001", reason="The buyer leaves.", by=seller_member(invoice), now=NOW)
    asked(subscription, "no_reason")
    assert again(subscription).status != "active"
    with pytest.raises(Refused) as refunded_error:
        apply_for_invoice(subscription)
    assert refunded_error.value.code == "invoice.paid_back"
    assert invoice_check.problems() == []


@USES_DATABASE
def test_remainder_after_a_partial_refund_can_be_invoiced() -> None:
    """§4.7: no invoice application while the refund is in review; afterwards the paid amount minus the refund."""
    subscription = service("license_v1", members=1)
    refund = asks(subscription)
    with pytest.raises(Refused) as error:
        apply_for_invoice(subscription)
    assert error.value.code == "invoice.refund_asked"
    agreed(refund, of_seller(subscription))
    assert apply_for_invoice(subscription).amount_minor == PRICE - 3_000
    assert invoice_check.problems() == []


@USES_DATABASE
def test_correct_return_and_decline() -> None:
    """§6.2: return only when completed; digital invoices with a red letter's confirmation."""
    subscription = service(members=1)
    invoice = apply_for_invoice(subscription)
    with pytest.raises(Refused):
        request_change(invoice, "return", "wrong name", patience=PATIENCE, now=NOW)
    issue_invoice(invoice)
    by, second_number = seller_member(invoice), "24312000000012345679"
    request_change(invoice, "correct", "wrong name", patience=PATIENCE, now=NOW)
    with pytest.raises(Refused, match=r"invoice\.wished"):
        request_change(invoice, "return", "again", patience=PATIENCE, now=NOW)
    decline(invoice, "It is as you typed it.", by=by, now=NOW)
    request_change(invoice, "correct", "wrong name, truly", patience=PATIENCE, now=NOW)
    issue_data = IssueData(by=by, number=second_number, files=FILES, file=FILE)
    with pytest.raises(Refused) as error:
        correct(invoice, issue_data, now=NOW)
    assert error.value.field == "red_letter"
    correct(invoice, issue_data, red_letter="RL-2026-0001", now=NOW)
    rows = list(IssuedInvoice.objects.order_by("pk").values_list("number", "red_letter", "withdrawn_at"))
    assert rows == [("24312000000012345678", "RL-2026-0001", NOW), (second_number, "", None)]
    assert Invoice.objects.get().wish == ""
    with pytest.raises(Refused) as repeated:
        issue_invoice(apply_for_invoice(_another_service(subscription.buyer)), number=second_number)
    assert repeated.value.field == "number", "a number is issued once"


@USES_DATABASE
def test_same_title_is_stored_once() -> None:
    buyer = make_buyer()
    first = title_of(buyer)
    assert title_of(buyer).pk == first.pk
    changed = save_title(buyer, TitleDocument(kind="person", name="王小明"), title=first.pk, now=NOW)
    assert (changed.pk, changed.tax_number) == (first.pk, "")
