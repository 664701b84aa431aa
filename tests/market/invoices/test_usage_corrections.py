"""Corrections of invoiced usage: several invoices for one month, and when its records can be voided (business-rules §6.2)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from tests.factories import NOW, make_buyer, make_member
from tests.factories.metering import ZONE, make_metered, on_demand
from tests.factories.people import make_operator
from tests.market.engine import react
from tests.market.invoices.applying import issue_invoice, seller_member
from tests.market.invoices.usage import (
    APRIL,
    DAY,
    HOUR,
    MARCH,
    MARCH_ENDS,
    apply_for_usage,
    balance,
    charge_all,
    month_totals,
    problems,
    top_up,
    use,
)
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base.errors import Refused
from tradepost.market.billing import queries
from tradepost.market.billing.models import Allocation, Charge
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import cancel
from tradepost.market.invoices.issue import approve
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import invoice_of_buyer, invoice_over, usage_candidates
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.invoices.void_usage import may_void, void_usage
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.notifications.models import Notice
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
VOID_PERIOD = timedelta(days=21)


def metered(balance: str = "1000") -> Subscription:
    subscription = make_metered(buyer=make_buyer(balance=balance), price=on_demand(amount=Decimal(1)))
    make_member(subscription.seller, make_buyer(balance="0"))
    return subscription


def return_to_seller(invoice: Invoice, now: object = APRIL) -> None:
    return_invoice(invoice, red_letter="RL-0001", reason="Corrected.", by=seller_member(invoice), now=now)  # type: ignore[arg-type]
    react(now=now)  # type: ignore[arg-type]


def promised_credit(invoice: Invoice) -> int:
    page_invoice = invoice_of_buyer(invoice.buyer, invoice.pk)
    assert page_invoice is not None
    credit = waiting_credit(page_invoice)
    return credit.minor if credit is not None else 0


@pytest.mark.parametrize("first_returned", ["larger", "smaller"])
def test_two_invoices_of_a_month_show_the_refund_of_their_return(first_returned: str) -> None:
    """§6.2: an invoice is returned before a refund. Of 10.00, 7.00 and 3.00 are invoiced; 8.00 are credited."""
    subscription = metered("7")
    [large_record, _small_record] = use(subscription, 8, 2, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    larger = apply_for_usage(subscription)
    issue_invoice(larger, now=APRIL)
    top_up(subscription.buyer, "3", now=APRIL + HOUR)
    smaller = apply_for_usage(subscription, now=APRIL + HOUR)
    issue_invoice(smaller, number="24312000000012345679", now=APRIL + HOUR)
    assert (larger.amount_minor, smaller.amount_minor, month_totals(subscription)) == (700, 300, (1000, 1000))
    void(large_record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL + HOUR)
    charge_all(now=APRIL + 2 * HOUR)
    assert (promised_credit(larger), promised_credit(smaller)) == (700, 300)
    usage_month = subscription.usage_months.get()
    assert invoice_over(usage_month) == larger, "the invoice whose return refunds most"
    for invoice in (larger, smaller) if first_returned == "larger" else (smaller, larger):
        before, promise = balance(subscription.buyer), promised_credit(invoice)
        return_to_seller(invoice, APRIL + 3 * HOUR)
        assert balance(subscription.buyer) - before == promise
    assert (balance(subscription.buyer), month_totals(subscription), problems()) == (800, (200, 0), [])
    notices = Notice.objects.filter(user=subscription.buyer, kind="credit_waits").order_by("pk")
    links = [f"/invoices/{invoice.pk}/" for invoice in ((larger, smaller) if first_returned == "larger" else (larger,))]
    assert [notice.link for notice in notices] == links, (
        "the rest waits for the other invoice, and its buyer is notified of that"
    )


@pytest.mark.parametrize("end", ["returned", "rejected", "cancelled"])
def test_days_to_void_a_record_restart_at_the_end_of_an_invoice(end: str) -> None:
    """Otherwise the days could run out while the invoice prevents voiding."""
    subscription = metered()
    [record] = use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    late = NOW + 60 * DAY
    assert not may_void(record, within=VOID_PERIOD, now=late)
    invoice = apply_for_usage(subscription, now=APRIL)
    match end:
        case "returned":
            issue_invoice(invoice, now=APRIL)
            return_to_seller(invoice, late)
        case "rejected":
            reject(invoice, "no", by=seller_member(invoice), now=late)
        case _:
            cancel(invoice, now=late)
    react(now=late)
    assert (may_void(record, within=VOID_PERIOD, now=late + VOID_PERIOD), may_void(record, within=VOID_PERIOD, now=late + 22 * DAY)) == (
        True, False,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"usage\.too_late"):
        void_usage(record, reason="twice", actor="li", within=VOID_PERIOD, zone=ZONE, now=late + 22 * DAY)
    assert Record.objects.count() == 1
    void_usage(record, reason="twice", actor="li", within=VOID_PERIOD, zone=ZONE, now=late + VOID_PERIOD)
    charge_all(now=late + VOID_PERIOD)
    assert (month_totals(subscription), balance(subscription.buyer), problems()) == ((0, 0), 100_000, [])


def test_uncharged_record_is_not_invoiced_and_can_be_voided() -> None:
    subscription = metered()
    use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    apply_for_usage(subscription)
    [late] = use(subscription, 5, at=MARCH_ENDS - 5 * DAY, now=APRIL)
    void_usage(late, reason="twice", actor="li", within=VOID_PERIOD, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (month_totals(subscription), balance(subscription.buyer), problems()) == ((400, 400), 99_600, [])
    assert sum(Charge.objects.values_list("minor", flat=True)) == 400


@pytest.mark.parametrize(
    ("language", "review", "to_issue", "done"),
    [
        (
            "en",
            "Refuse the application, then",
            "The usage of this month is on an application for an invoice. Issue the invoice, return it, then void the record",
            "Return the invoice, then",
        ),
        ("zh-hans", "请先驳回申请", "请先开票并办理退票", "请先退票"),
    ],
)
def test_record_page_names_the_required_first_step(language: str, review: str, to_issue: str, done: str) -> None:
    """§6.2: an application under review is refused; an accepted one can only be issued; an issued invoice is returned."""
    subscription = metered()
    [record] = use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(subscription)
    page = enter(seller_member(invoice))
    for text in (review, to_issue, done):
        html = page.get(f"/seller/usage/records/{record.pk}/", headers={"accept-language": language}).content.decode()
        assert (text in html, f"/seller/invoices/{invoice.pk}/" in html) == (True, True), text
        with translation.override(language), pytest.raises(Refused) as error:
            void_usage(record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
        assert text in error.value.message
        if text == review:
            approve(invoice, by=seller_member(invoice), now=APRIL)
        elif text == to_issue:
            Invoice.objects.filter(pk=invoice.pk).update(status="done")
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "from 03:00 on the first day of the next month"), ("zh-hans", "请于次月 1 日 03:00 后申请")],
)
@pytest.mark.parametrize("now", [MARCH_ENDS - HOUR, MARCH_ENDS + 2 * HOUR])
def test_open_month_shows_when_it_can_be_invoiced(now: object, language: str, text: str) -> None:
    """§4.8: reports for the last hour may come until 02:00, and are charged after it."""
    subscription = metered()
    use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    with translation.override(language):
        [candidate] = usage_candidates(subscription.buyer, subscription.seller, now=now).rows  # type: ignore[arg-type]
        assert text in candidate.why


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("status", "en", "zh"),
    [("to_issue", "you can no longer cancel it", "不能再撤销"), ("done", "is closed", "已处理完毕")],
)
def test_late_cancellation_explains_the_remaining_options(status: str, en: str, zh: str, language: str) -> None:
    """§6.2: a seller cancels only what is 待审核; an issued invoice can be returned."""
    subscription = metered()
    use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(subscription)
    approve(invoice, by=seller_member(invoice), now=APRIL)
    Invoice.objects.filter(pk=invoice.pk).update(status=status)
    page = enter(subscription.buyer)
    options = {"headers": {"accept-language": language}}
    if status == "to_issue":
        assert (en if language == "en" else zh) in page.get(f"/invoices/{invoice.pk}/", **options).content.decode()  # type: ignore[arg-type]
    html = page.post(f"/invoices/{invoice.pk}/cancel/", follow=True, **options).content.decode()  # type: ignore[arg-type]
    assert (en if language == "en" else zh) in html
    assert (Invoice.objects.get(pk=invoice.pk).status, month_totals(subscription, MARCH)) == (status, (400, 400))


def services_before_the_upgrade() -> tuple[Subscription, Subscription]:
    """Two services of one buyer and seller as they were before billing.0006: a credit of the first settled the debt of the second, so
    the first still owes 4.00 and neither has a payment.
    """
    first = metered("0")
    second = make_metered(buyer=first.buyer, seller=first.seller, price=on_demand(amount=Decimal(1)))
    [record] = use(first, 4, at=NOW, now=NOW + 2 * HOUR)
    use(second, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    void(record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    settled, open_ = Charge.objects.get(subscription=first, minor=400), Charge.objects.get(subscription=second)
    Allocation.objects.filter(charge=settled).update(charge=open_)
    Charge.objects.filter(pk=settled.pk).update(open_minor=400)
    Charge.objects.filter(pk=open_.pk).update(open_minor=0)
    return first, second


def consistency_problems() -> list[str]:
    return [*ledger.verify().problems, *queries.problems(), *invoice_check.problems()]


def test_credit_of_a_month_without_payments_settles_debt_only() -> None:
    """Otherwise the debt of the first service would count as paid, and more than the payments could be invoiced (money.md §6)."""
    first, second = services_before_the_upgrade()
    assert consistency_problems() == []
    void(
        Record.objects.get(subscription=second, sign=1), reason="x", actor="li", within=366 * DAY, zone=ZONE, now=APRIL
    )
    charge_all(now=APRIL)
    assert (sum(Charge.objects.values_list("open_minor", flat=True)), balance(first.buyer)) == (0, 0)
    assert (month_totals(first), month_totals(second), consistency_problems()) == ((0, 0), (0, 0), [])


def test_credit_of_a_month_without_payments_waits_for_the_other_invoice() -> None:
    """§6.2: invoiced usage is not refunded; the return of that invoice refunds it."""
    first, second = services_before_the_upgrade()
    top_up(first.buyer, "4", now=NOW + DAY)
    invoice = apply_for_usage(first)
    assert (month_totals(first), balance(first.buyer)) == ((400, 400), 0)
    void(
        Record.objects.get(subscription=second, sign=1), reason="x", actor="li", within=366 * DAY, zone=ZONE, now=APRIL
    )
    charge_all(now=APRIL)
    assert (balance(first.buyer), Charge.objects.get(waiting_minor__gt=0).waiting_minor, consistency_problems()) == (
        0,
        400,
        [],
    )
    cancel(invoice, now=APRIL + HOUR)
    react(now=APRIL + HOUR)
    assert (balance(first.buyer), month_totals(first), month_totals(second), consistency_problems()) == (
        400,
        (0, 0),
        (0, 0),
        [],
    )


@pytest.mark.parametrize(
    ("language", "credit_text", "usage"),
    [("en", "is refunded after the return", "Usage of 2026-03"), ("zh-hans", "退票后退还", "2026-03 用量")],
)
@pytest.mark.parametrize(
    ("site", "charges"),
    [("", "/charges/"), ("/seller", "/seller/usage/charges/"), ("/console", "/console/usage/charges/")],
)
def test_item_links_to_its_charges_and_waiting_credit_to_its_invoice(
    site: str, charges: str, language: str, credit_text: str, usage: str
) -> None:
    """The charges of the month explain an item of 4.00; a waiting credit is not shown as refunded."""
    subscription = metered()
    [record] = use(subscription, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    use(subscription, 5, at=MARCH_ENDS + HOUR, now=APRIL)
    charge_all(now=APRIL)
    invoice = apply_for_usage(subscription)
    person = {"": subscription.buyer, "/seller": seller_member(invoice), "/console": make_operator()}[site]
    page = enter(person)
    item = page.get(f"{site}/invoices/{invoice.pk}/").content.decode()
    charges_url = f"{charges}?service={subscription.pk}&amp;month=2026-03"
    assert charges_url in item
    void(record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    march = {str(pk) for pk in Charge.objects.filter(accumulation__start__lt=MARCH_ENDS).values_list("pk", flat=True)}
    listed = page.get(charges_url.replace("&amp;", "&"), headers={"accept-language": language}).content.decode()
    assert set(re.findall(rf'href="{charges}(\d+)/"', listed)) == march
    assert (credit_text in listed, usage in listed) == (True, True)
    credit = Charge.objects.get(waiting_minor__gt=0)
    assert f"{site}/invoices/{invoice.pk}/" in page.get(f"{charges}{credit.pk}/").content.decode()
    for other in ("2026-13", "x", "0001-01", ""):
        everything = page.get(charges, {"service": subscription.pk, "month": other}).content.decode()
        assert f'href="{charges}?service={subscription.pk}&amp;day=2026-04-01"' in everything, (
            "an invalid month lists all charges"
        )
