"""Explanation letters: for a valid issued invoice, over its amount, kept for six months (business-rules §6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.factories import NOW
from tests.factories.settlement import make_fee_invoice
from tests.market.at_once import at_once
from tests.market.fulfilment.services import service
from tests.market.invoices.applying import FILE, FILES, apply_for_invoice, issue_invoice, seller_member
from tests.market.settlement.settling import earned_statement, owner_of
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.invoices.issue import IssueData, correct
from tradepost.market.invoices.letter_facts import LetterFacts
from tradepost.market.invoices.letter_pdf import letter_pdf
from tradepost.market.invoices.letters import check_letter, letter_of, make_letter, masked
from tradepost.market.invoices.models import ExplanationLetter, Invoice
from tradepost.market.invoices.take_back import return_invoice
from tradepost.market.subscriptions.paid_time import period_end

FACTS = LetterFacts(
    issuer="西安商埠云商有限公司", market="商埠", number="SM261126ABCDEFGH", made="2026-11-26", until="2027-05-26",
    buyer="蓝田<b>精密</b>&制造", seller="轻协科技", rows=(("金额", "CNY 1.00"),), check="https://market.example/letters/X/",
)  # fmt: skip


def create_letter(invoice: Invoice, *, now: datetime = NOW) -> ExplanationLetter:
    return make_letter(invoice, months=6, now=now)


@pytest.mark.django_db
def test_letter_is_created_once_and_again_after_it_expires() -> None:
    """§6.2: kept 6 months; according to the source, a new one is applied for afterwards."""
    invoice = apply_for_invoice(service(members=1))
    first_issued = issue_invoice(invoice)
    first = create_letter(invoice)
    assert (first.until, create_letter(invoice, now=first.until - timedelta(seconds=1)).pk) == (
        period_end(NOW, "month", 6),
        first.pk,
    )
    second = create_letter(invoice, now=first.until)
    assert (second.pk != first.pk, letter_of(first_issued, now=first.until)) == (True, second)
    assert Move.objects.filter(lifecycle="invoice letter", subject=str(invoice.pk)).count() == 2
    checked = check_letter(first.code, now=first.until)
    assert checked is not None
    assert (checked.kept, checked.stands) == (False, True)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["review", "to_issue", "rejected", "returned", "cancelled"])
def test_only_issued_invoices_have_letters(state: str) -> None:
    """§6.2: "for issued invoices"."""
    invoice = apply_for_invoice(service(members=1))
    Invoice.objects.filter(pk=invoice.pk).update(status=state)
    with pytest.raises(Refused, match=r"letter\.not_issued"):
        create_letter(invoice)
    assert ExplanationLetter.objects.count() == 0


@pytest.mark.django_db
def test_fee_invoices_have_no_letters() -> None:
    statement = earned_statement()
    invoice = make_fee_invoice(statement, statement.seller, owner_of(statement.seller))
    with pytest.raises(Refused, match=r"letter\.fee"):
        create_letter(invoice)
    assert ExplanationLetter.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["corrected", "taken back"])
def test_letter_check_shows_that_the_invoice_is_no_longer_valid(change: str) -> None:
    invoice = apply_for_invoice(service(members=1))
    issue_invoice(invoice)
    letter, by = create_letter(invoice), seller_member(invoice)
    if change == "corrected":
        another = IssueData(by=by, number="24312000000087654321", files=FILES, file=FILE)
        correct(invoice, another, red_letter="RL-0001", now=NOW)
    else:
        return_invoice(invoice, red_letter="RL-0001", reason="why", by=by, now=NOW)
    checked = check_letter(letter.code, now=NOW)
    assert checked is not None
    assert checked.stands is False
    assert letter_of(checked.letter.issued, now=NOW) is None, "and it can no longer be downloaded"


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_clicks_create_one_letter() -> None:
    invoice = apply_for_invoice(service(members=1))
    issue_invoice(invoice)
    assert set(at_once([lambda: create_letter(invoice)] * 10)) == {"done"}
    assert ExplanationLetter.objects.count() == 1


@pytest.mark.django_db
def test_letter_is_created_downloaded_and_checked_on_pages() -> None:
    invoice = apply_for_invoice(service(members=1), now=clock.now())
    issue_invoice(invoice, now=clock.now())
    buyer, visitor = Client(headers={"accept-language": "zh-hans"}), Client(headers={"accept-language": "zh-hans"})
    buyer.force_login(invoice.buyer)
    url = f"/invoices/{invoice.pk}/letter/"
    assert buyer.get(url).status_code == 404, "no letter exists yet"
    assert buyer.post(url).status_code == 302
    letter = ExplanationLetter.objects.get()
    download = buyer.get(url)
    assert (download.content[:5], download["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert f'filename="{letter.number}.pdf"' in download["Content-Disposition"]
    assert letter.number in buyer.get(f"/invoices/{invoice.pk}/").content.decode()
    checked = visitor.get(f"/letters/{letter.code}/").content.decode()
    assert ("说明函属实，对应的发票有效。" in checked, letter.issued.number in checked, invoice.name in checked) == (
        True, True, False,
    )  # fmt: skip
    assert visitor.get(f"/letters/{'A' * 24}/").status_code == 404
    assert visitor.get(url).status_code == 302


def test_same_facts_give_the_same_bytes() -> None:
    """Typed text is not treated as markup, although the library parses markup in paragraphs."""
    assert letter_pdf(FACTS) == letter_pdf(FACTS)
    assert letter_pdf(FACTS).endswith(b"%%EOF\n")


def test_names_are_masked() -> None:
    assert [masked(name) for name in ("", "蓝", "蓝田", "蓝田精密制造")] == ["", "蓝", "蓝…田", "蓝…造"]
