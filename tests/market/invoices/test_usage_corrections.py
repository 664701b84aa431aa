"""Usage that was wrong and is on invoices: several invoices over one month, and when its records can be voided (business-rules §6.2)."""

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
from tests.market.invoices.applying import issued, seller_person
from tests.market.invoices.usage import (
    APRIL,
    DAY,
    HOUR,
    MARCH,
    MARCH_ENDS,
    apply_for_usage,
    balance,
    charge_all,
    month,
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
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.invoices.void_usage import may_void, void_usage
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.notifications.models import Notice
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
DAYS_21 = timedelta(days=21)


def metered(balance: str = "1000") -> Subscription:
    held = make_metered(buyer=make_buyer(balance=balance), price=on_demand(amount=Decimal(1)))
    make_member(held.seller, make_buyer(balance="0"))
    return held


def returned(invoice: Invoice, now: object = APRIL) -> None:
    take_back(invoice, red_letter="RL-0001", reason="Corrected.", by=seller_person(invoice), now=now)  # type: ignore[arg-type]
    react(now=now)  # type: ignore[arg-type]


def promised(invoice: Invoice) -> int:
    shown = invoice_of_buyer(invoice.buyer, invoice.pk)
    assert shown is not None
    found = waiting_credit(shown)
    return found.minor if found is not None else 0


@pytest.mark.parametrize("first_back", ["larger", "smaller"])
def test_two_invoices_over_one_month_promise_what_their_return_brings(first_back: str) -> None:
    """§6.2: an invoice is returned before a refund. Of 10.00, 7.00 and 3.00 are invoiced; 8.00 are credited."""
    held = metered("7")
    [eight, _two] = use(held, 8, 2, at=NOW, now=NOW + 3 * HOUR)
    charge_all(now=NOW + 3 * HOUR)
    larger = apply_for_usage(held)
    issued(larger, now=APRIL)
    top_up(held.buyer, "3", now=APRIL + HOUR)
    smaller = apply_for_usage(held, now=APRIL + HOUR)
    issued(smaller, number="24312000000012345679", now=APRIL + HOUR)
    assert (larger.amount_minor, smaller.amount_minor, month(held)) == (700, 300, (1000, 1000))
    void(eight, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL + HOUR)
    charge_all(now=APRIL + 2 * HOUR)
    assert (promised(larger), promised(smaller)) == (700, 300)
    usage_month = held.usage_months.get()
    assert invoice_over(usage_month) == larger, "the one that brings most"
    for one in (larger, smaller) if first_back == "larger" else (smaller, larger):
        before, promise = balance(held.buyer), promised(one)
        returned(one, APRIL + 3 * HOUR)
        assert balance(held.buyer) - before == promise
    assert (balance(held.buyer), month(held), problems()) == (800, (200, 0), [])
    notices = Notice.objects.filter(user=held.buyer, kind="credit_waits").order_by("pk")
    links = [f"/invoices/{one.pk}/" for one in ((larger, smaller) if first_back == "larger" else (larger,))]
    assert [one.link for one in notices] == links, (
        "the rest waits for the other invoice, and its buyer is notified of that"
    )


@pytest.mark.parametrize("end", ["returned", "rejected", "cancelled"])
def test_the_days_to_void_a_record_also_count_from_the_end_of_an_invoice(end: str) -> None:
    """Else the days run out while the invoice forbids it, or on the same day."""
    held = metered()
    [record] = use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    late = NOW + 60 * DAY
    assert not may_void(record, within=DAYS_21, now=late)
    invoice = apply_for_usage(held, now=APRIL)
    match end:
        case "returned":
            issued(invoice, now=APRIL)
            returned(invoice, late)
        case "rejected":
            reject(invoice, "no", by=seller_person(invoice), now=late)
        case _:
            cancel(invoice, now=late)
    react(now=late)
    assert (may_void(record, within=DAYS_21, now=late + DAYS_21), may_void(record, within=DAYS_21, now=late + 22 * DAY)) == (
        True, False,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"usage\.too_late"):
        void_usage(record, reason="twice", actor="li", within=DAYS_21, zone=ZONE, now=late + 22 * DAY)
    assert Record.objects.count() == 1
    void_usage(record, reason="twice", actor="li", within=DAYS_21, zone=ZONE, now=late + DAYS_21)
    charge_all(now=late + DAYS_21)
    assert (month(held), balance(held.buyer), problems()) == ((0, 0), 100_000, [])


def test_a_record_that_is_not_charged_is_on_no_invoice_and_can_be_voided() -> None:
    held = metered()
    use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    apply_for_usage(held)
    [late] = use(held, 5, at=MARCH_ENDS - 5 * DAY, now=APRIL)
    void_usage(late, reason="twice", actor="li", within=DAYS_21, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    assert (month(held), balance(held.buyer), problems()) == ((400, 400), 99_600, [])
    assert sum(Charge.objects.values_list("minor", flat=True)) == 400


@pytest.mark.parametrize(
    ("language", "review", "to_issue", "done"),
    [
        ("en", "Refuse the application, then", "Issue the invoice, take it back, then", "Return the invoice, then"),
        ("zh-hans", "请先驳回申请", "请先开票并办理退票", "请先退票"),
    ],
)
def test_the_record_says_what_comes_first(language: str, review: str, to_issue: str, done: str) -> None:
    """§6.2: an application under review is refused; an accepted one can only be issued; an issued invoice is returned."""
    held = metered()
    [record] = use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(held)
    page = enter(seller_person(invoice))
    for words in (review, to_issue, done):
        shown = page.get(f"/seller/usage/records/{record.pk}/", headers={"accept-language": language}).content.decode()
        assert (words in shown, f"/seller/invoices/{invoice.pk}/" in shown) == (True, True), words
        with translation.override(language), pytest.raises(Refused) as refused:
            void_usage(record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
        assert words in refused.value.message
        if words == review:
            approve(invoice, by=seller_person(invoice), now=APRIL)
        elif words == to_issue:
            Invoice.objects.filter(pk=invoice.pk).update(status="done")
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "from 03:00 on the first day of the next month"), ("zh-hans", "请于次月 1 日 03:00 后申请")],
)
@pytest.mark.parametrize("now", [MARCH_ENDS - HOUR, MARCH_ENDS + 2 * HOUR])
def test_until_its_last_hours_are_charged_a_month_says_from_when_it_can_be_invoiced(
    now: object, language: str, words: str
) -> None:
    """§4.8: reports for the last hour may come until 02:00, and are charged after it."""
    held = metered()
    use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    with translation.override(language):
        [shown] = usage_candidates(held.buyer, held.seller, now=now).rows  # type: ignore[arg-type]
        assert words in shown.why


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("status", "en", "zh"),
    [("to_issue", "It cannot be cancelled any more", "不能再撤销"), ("done", "not open any more", "已处理完毕")],
)
def test_a_buyer_who_is_too_late_to_cancel_reads_what_is_still_possible(
    status: str, en: str, zh: str, language: str
) -> None:
    """§6.2: a seller cancels only what is 待审核; an issued invoice can be returned."""
    held = metered()
    use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    invoice = apply_for_usage(held)
    approve(invoice, by=seller_person(invoice), now=APRIL)
    Invoice.objects.filter(pk=invoice.pk).update(status=status)
    page = enter(held.buyer)
    spoken = {"headers": {"accept-language": language}}
    if status == "to_issue":
        assert (en if language == "en" else zh) in page.get(f"/invoices/{invoice.pk}/", **spoken).content.decode()  # type: ignore[arg-type]
    shown = page.post(f"/invoices/{invoice.pk}/cancel/", follow=True, **spoken).content.decode()  # type: ignore[arg-type]
    assert (en if language == "en" else zh) in shown
    assert (Invoice.objects.get(pk=invoice.pk).status, month(held, MARCH)) == (status, (400, 400))


def upgraded() -> tuple[Subscription, Subscription]:
    """Two services of one buyer and seller as they were before billing.0006: a credit of the first settled the debt of the second, so
    that the first still owes 4.00 and neither has a payment."""
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


def sound() -> list[str]:
    return [*ledger.verify().problems, *queries.problems(), *invoice_check.problems()]


def test_a_credit_of_a_month_without_payments_settles_debt_and_makes_no_payment() -> None:
    """Else the debt of the first service counted as paid, and more could be invoiced than was ever paid (money.md §6)."""
    first, second = upgraded()
    assert sound() == []
    void(
        Record.objects.get(subscription=second, sign=1), reason="x", actor="li", within=366 * DAY, zone=ZONE, now=APRIL
    )
    charge_all(now=APRIL)
    assert (sum(Charge.objects.values_list("open_minor", flat=True)), balance(first.buyer)) == (0, 0)
    assert (month(first), month(second), sound()) == ((0, 0), (0, 0), [])


def test_a_credit_of_a_month_without_payments_waits_for_the_invoice_over_the_others() -> None:
    """§6.2: what is on an invoice is not refunded; the return of that invoice brings it."""
    first, second = upgraded()
    top_up(first.buyer, "4", now=NOW + DAY)
    invoice = apply_for_usage(first)
    assert (month(first), balance(first.buyer)) == ((400, 400), 0)
    void(
        Record.objects.get(subscription=second, sign=1), reason="x", actor="li", within=366 * DAY, zone=ZONE, now=APRIL
    )
    charge_all(now=APRIL)
    assert (balance(first.buyer), Charge.objects.get(waiting_minor__gt=0).waiting_minor, sound()) == (0, 400, [])
    cancel(invoice, now=APRIL + HOUR)
    react(now=APRIL + HOUR)
    assert (balance(first.buyer), month(first), month(second), sound()) == (400, (0, 0), (0, 0), [])


@pytest.mark.parametrize(
    ("language", "waits", "usage"),
    [("en", "is refunded after the return", "Usage of 2026-03"), ("zh-hans", "退票后退还", "2026-03 用量")],
)
@pytest.mark.parametrize(
    ("site", "charges"),
    [("", "/charges/"), ("/seller", "/seller/usage/charges/"), ("/console", "/console/usage/charges/")],
)
def test_an_item_leads_to_the_charges_of_its_month_and_a_waiting_credit_to_its_invoice(
    site: str, charges: str, language: str, waits: str, usage: str
) -> None:
    """An item of 4.00 is understood by its own charges; a credit that waits does not look refunded."""
    held = metered()
    [record] = use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    use(held, 5, at=MARCH_ENDS + HOUR, now=APRIL)
    charge_all(now=APRIL)
    invoice = apply_for_usage(held)
    person = {"": held.buyer, "/seller": seller_person(invoice), "/console": make_operator()}[site]
    page = enter(person)
    item = page.get(f"{site}/invoices/{invoice.pk}/").content.decode()
    there = f"{charges}?service={held.pk}&amp;month=2026-03"
    assert there in item
    void(record, reason="twice", actor="li", within=366 * DAY, zone=ZONE, now=APRIL)
    charge_all(now=APRIL + HOUR)
    march = {str(pk) for pk in Charge.objects.filter(accumulation__start__lt=MARCH_ENDS).values_list("pk", flat=True)}
    listed = page.get(there.replace("&amp;", "&"), headers={"accept-language": language}).content.decode()
    assert set(re.findall(rf'href="{charges}(\d+)/"', listed)) == march
    assert (waits in listed, usage in listed) == (True, True)
    less = Charge.objects.get(waiting_minor__gt=0)
    assert f"{site}/invoices/{invoice.pk}/" in page.get(f"{charges}{less.pk}/").content.decode()
    for other in ("2026-13", "x", "0001-01", ""):
        everything = page.get(charges, {"service": held.pk, "month": other}).content.decode()
        assert len(set(re.findall(rf'href="{charges}(\d+)/"', everything))) == len(march) + 1
