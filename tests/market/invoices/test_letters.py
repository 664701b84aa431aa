"""Explanation letters: of an invoice that is issued and stands, over its own amount, kept for six months (business-rules §6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.factories import NOW
from tests.factories.settlement import make_fee_invoice
from tests.market.at_once import at_once
from tests.market.fulfilment.services import service
from tests.market.invoices.applying import FILE, FILES, applied, issued, seller_person
from tests.market.settlement.settling import earned, owner_of
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.invoices.issue import Issue, correct
from tradepost.market.invoices.letter_facts import LetterFacts
from tradepost.market.invoices.letter_pdf import letter_pdf
from tradepost.market.invoices.letters import check_letter, letter_of, make_letter, masked
from tradepost.market.invoices.models import ExplanationLetter, Invoice
from tradepost.market.invoices.take_back import take_back
from tradepost.market.subscriptions.paid_time import period_end

FACTS = LetterFacts(
    issuer="西安商埠云商有限公司", market="商埠", number="SM261126ABCDEFGH", made="2026-11-26", until="2027-05-26",
    buyer="蓝田<b>精密</b>&制造", seller="轻协科技", rows=(("金额", "CNY 1.00"),), check="https://market.example/letters/X/",
)  # fmt: skip


def made(invoice: Invoice, *, now: datetime = NOW) -> ExplanationLetter:
    return make_letter(invoice, months=6, now=now)


@pytest.mark.django_db
def test_a_letter_is_made_once_and_anew_when_its_time_is_over() -> None:
    """§6.2: kept 6 months; the source says: then it is applied for anew."""
    invoice = applied(service(members=1))
    first_issued = issued(invoice)
    first = made(invoice)
    assert (first.until, made(invoice, now=first.until - timedelta(seconds=1)).pk) == (
        period_end(NOW, "month", 6),
        first.pk,
    )
    again = made(invoice, now=first.until)
    assert (again.pk != first.pk, letter_of(first_issued, now=first.until)) == (True, again)
    assert Move.objects.filter(lifecycle="invoice letter", subject=str(invoice.pk)).count() == 2
    checked = check_letter(first.code, now=first.until)
    assert checked is not None
    assert (checked.kept, checked.stands) == (False, True)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["review", "to_issue", "rejected", "returned", "cancelled"])
def test_there_is_none_of_an_invoice_that_is_not_issued(state: str) -> None:
    """§6.2: "for issued invoices"."""
    invoice = applied(service(members=1))
    Invoice.objects.filter(pk=invoice.pk).update(status=state)
    with pytest.raises(Refused, match=r"letter\.not_issued"):
        made(invoice)
    assert ExplanationLetter.objects.count() == 0


@pytest.mark.django_db
def test_the_market_explains_no_invoice_of_its_own() -> None:
    statement = earned()
    invoice = make_fee_invoice(statement, statement.seller, owner_of(statement.seller))
    with pytest.raises(Refused, match=r"letter\.fee"):
        made(invoice)
    assert ExplanationLetter.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["corrected", "taken back"])
def test_who_checks_a_letter_learns_that_its_invoice_counts_no_more(what: str) -> None:
    invoice = applied(service(members=1))
    issued(invoice)
    letter, by = made(invoice), seller_person(invoice)
    if what == "corrected":
        another = Issue(by=by, number="24312000000087654321", files=FILES, file=FILE)
        correct(invoice, another, red_letter="RL-0001", now=NOW)
    else:
        take_back(invoice, red_letter="RL-0001", reason="why", by=by, now=NOW)
    checked = check_letter(letter.code, now=NOW)
    assert checked is not None
    assert checked.stands is False
    assert letter_of(checked.letter.issued, now=NOW) is None, "and it is given out no more"


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_are_one_letter() -> None:
    invoice = applied(service(members=1))
    issued(invoice)
    assert set(at_once([lambda: made(invoice)] * 10)) == {"done"}
    assert ExplanationLetter.objects.count() == 1


@pytest.mark.django_db
def test_pages_make_it_give_it_and_check_it() -> None:
    invoice = applied(service(members=1), now=clock.now())
    issued(invoice, now=clock.now())
    buyer, visitor = Client(headers={"accept-language": "zh-hans"}), Client(headers={"accept-language": "zh-hans"})
    buyer.force_login(invoice.buyer)
    at = f"/invoices/{invoice.pk}/letter/"
    assert buyer.get(at).status_code == 404, "none is there yet"
    assert buyer.post(at).status_code == 302
    letter = ExplanationLetter.objects.get()
    given = buyer.get(at)
    assert (given.content[:5], given["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert f'filename="{letter.number}.pdf"' in given["Content-Disposition"]
    assert letter.number in buyer.get(f"/invoices/{invoice.pk}/").content.decode()
    checked = visitor.get(f"/letters/{letter.code}/").content.decode()
    assert ("说明函属实，对应的发票有效。" in checked, letter.issued.number in checked, invoice.name in checked) == (
        True, True, False,
    )  # fmt: skip
    assert visitor.get(f"/letters/{'A' * 24}/").status_code == 404
    assert visitor.get(at).status_code == 302


def test_the_same_facts_are_the_same_bytes() -> None:
    """What was typed is text, not markup: the library reads markup in paragraphs."""
    assert letter_pdf(FACTS) == letter_pdf(FACTS)
    assert letter_pdf(FACTS).endswith(b"%%EOF\n")


def test_a_name_is_shown_so_far_that_it_can_be_compared() -> None:
    assert [masked(name) for name in ("", "蓝", "蓝田", "蓝田精密制造")] == ["", "蓝", "蓝…田", "蓝…造"]
