"""A buyer's transfers and balance: announced with an amount, proved by a receipt, shown as a statement (money.md §2,
issue 12)."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.configured import changed
from tests.factories.pictures import PDF
from tests.factories.transfers import announce, came, show
from tests.market.downloads import sent_file
from tradepost.market.assets.models import Proof
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.settings.payments import BankAccount, account_for
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger
from tradepost.market.payments.confirm import confirm, reject
from tradepost.market.payments.intent_models import Intent
from tradepost.market.sites.storefront import balance
from tradepost.market.web import transfers

pytestmark = pytest.mark.django_db
FORM = "/balance/top-up/"


@pytest.fixture
def buyer() -> User:
    return factories.make_buyer(balance="0", now=clock.now())


@pytest.fixture
def page(buyer: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(buyer)
    return client


def text(page: Client, path: str) -> str:
    return page.get(path).content.decode().replace("\xa0", " ")


@pytest.mark.parametrize("typed", ["", "0", "0.99", "1.234", "-5", "1e3", "٣", "5000000.01", "9" * 40, "1" + "0" * 11])
def test_invalid_amount_is_refused_beside_its_field_and_kept(page: Client, typed: str) -> None:
    answer = page.post(FORM, {"amount": typed})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="amount-error"' in shown
    assert f'value="{typed}"' in shown
    assert not Intent.objects.exists()


def test_transfer_shows_exactly_what_to_enter_at_the_bank(page: Client, buyer: User) -> None:
    where = page.post(FORM, {"amount": "1,200.50"})["Location"]
    intent, shown = Intent.objects.get(), text(page, where)
    assert (intent.user, intent.amount) == (buyer, Money(120_050, "CNY"))
    account = account_for("CNY", (), sandbox=True)
    assert account is not None
    for value in (intent.number, account.holder, account.number, account.bank, account.branch, account.code, "1200.50"):
        assert f'data-copy="{value}"' in shown
    assert account.note_en in shown
    assert page.post(FORM, {"amount": "1200.5"})["Location"] == where, "the same again is the same transfer"


def test_order_of_another_buyer_is_not_named(page: Client) -> None:
    order = factories.make_order(now=clock.now())
    assert "For order" not in text(page, f"{FORM}?order={order.number}")
    page.post(FORM, {"amount": "100", "order": order.number})
    assert Intent.objects.get().purpose == ""


def test_shown_bank_account_stays_though_the_market_changes_it(
    page: Client, buyer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = BankAccount(currency="CNY", holder="新户名", bank="新银行", number="9999")
    monkeypatch.setattr(transfers, "config", lambda: changed(config(), bank_accounts=(moved,)))
    where = page.post(FORM, {"amount": "100"})["Location"]
    monkeypatch.undo()
    assert 'data-copy="9999"' in text(page, where)


def test_transfer_needs_a_bank_account_of_the_market(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "config", lambda: config().model_copy(update={"sandbox": False}))
    assert "Transfers are not possible yet" in text(page, FORM)
    page.post(FORM, {"amount": "100"})
    assert not Intent.objects.exists()
    assert FORM not in text(page, "/balance/")


# --- the receipt --------------------------------------------------------------------------------------------------------


def submit_proof(page: Client, intent: Intent, content: bytes, name: str):
    upload = SimpleUploadedFile(name, content)
    return page.post(f"/balance/transfers/{intent.number}/proof/", {"proof_file": upload})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<script>alert(1)</script>", "receipt.pdf"),
        (b"", "receipt.png"),
        (PDF, "receipt.png"),
        (b"\x89PNG\r\n\x1a\nnot whole", "receipt.png"),
    ],
)
def test_invalid_receipt_is_refused_beside_its_field(page: Client, buyer: User, content: bytes, name: str) -> None:
    intent = announce(buyer, now=clock.now())
    answer = submit_proof(page, intent, content, name)
    assert answer.status_code in {400, 422}
    assert "tp-error" in answer.content.decode()
    assert Intent.objects.get().status == "pending"
    assert not Proof.objects.exists()


def test_receipt_is_submitted_and_can_be_read_by_its_buyer(page: Client, buyer: User) -> None:
    intent = announce(buyer, now=clock.now())
    answer = submit_proof(page, intent, PDF, "回单.pdf")
    assert answer["Location"] == f"/balance/transfers/{intent.number}/"
    shown = text(page, answer["Location"])
    assert "回单.pdf" in shown
    assert "The operator is matching your transfer." in shown
    assert sent_file(page.get(f"/proofs/{Proof.objects.get().sha256}/")) == PDF
    withdrawn = page.post(f"/balance/transfers/{intent.number}/withdraw/")
    assert "You withdrew this transfer." in text(page, withdrawn["Location"])
    late = submit_proof(page, intent, PDF + b"2", "again.pdf")
    assert late.status_code == 302
    assert Proof.objects.count() == 1, "what takes no proof any more does not read one"


def test_each_state_shows_the_next_step(page: Client, buyer: User) -> None:
    operator, now = factories.make_operator(), clock.now()
    first_transfer, second_transfer = (
        show(announce(buyer, now=now), now=now),
        show(announce(buyer, 20_000, now=now), now=now),
    )
    reject(first_transfer, "The picture is <black>.", by=operator, now=now)
    shown = text(page, f"/balance/transfers/{first_transfer.number}/")
    assert "The picture is &lt;black&gt;." in shown
    assert "If you made the transfer, upload a clearer receipt. It will be checked again" in shown
    confirm(second_transfer, came("B-1", 19_900), by=operator, now=now)
    shown = text(page, f"/balance/transfers/{second_transfer.number}/")
    assert "¥ 199.00 was added to your balance." in shown
    assert "You announced ¥ 200.00." in shown
    assert operator.email not in shown
    listed = text(page, "/balance/transfers/?status=failed")
    assert first_transfer.number in listed
    assert second_transfer.number not in listed


# --- the statement ------------------------------------------------------------------------------------------------------


def rows(page: Client, query: str = "") -> list[list[str]]:
    answer = page.get(f"/balance/balance.csv{query}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))[1:]


@pytest.fixture
def moved_money(buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move money, and stop the clock, so that the test reads the same day after midnight."""
    now = clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: now)
    ledger.top_up(buyer, Money(50_000, "CNY"), reference="=cmd|' /C calc'!A0", actor="op", now=now - timedelta(days=40))
    ledger.pay(buyer, Money(12_345, "CNY"), reference="CS1", now=now - timedelta(days=2))
    ledger.refund(buyer, Money(345, "CNY"), reference="CS1", now=now)


@pytest.mark.usefixtures("moved_money")
def test_file_has_each_entry_with_its_balance_and_no_formula(page: Client) -> None:
    assert [(row[2], *row[4:]) for row in rows(page)] == [
        ("CS1", "3.45", "380.00", "CNY"),
        ("CS1", "-123.45", "376.55", "CNY"),
        ("'=cmd|' /C calc'!A0", "500.00", "500.00", "CNY"),
    ]


@pytest.mark.usefixtures("moved_money")
@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("?kind=top_up", ["500.00"]),
        ("?kind=payment", ["-123.45"]),
        ("?from={today}", ["3.45"]),
        ("?to={yesterday}", ["-123.45", "500.00"]),
        ("?kind=refund&to={yesterday}", []),
        ("?kind=nonsense&from=yesterday&to=0001-01-01", ["3.45", "-123.45", "500.00"]),
    ],
)
def test_statement_is_filtered_by_kind_and_days(page: Client, query: str, amounts: list[str]) -> None:
    today = timezone.localtime(clock.now()).date()
    filter_query = query.format(today=today, yesterday=today - timedelta(days=1))
    assert [row[4] for row in rows(page, filter_query)] == amounts
    shown = page.get(f"/balance/{filter_query}").context["page"].rows
    assert [str(row.amount.major) for row in shown] == amounts


@pytest.mark.usefixtures("moved_money")
def test_file_is_limited_and_says_so(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "config", lambda: changed(config(), balance_export_rows=2))
    shown_rows = rows(page)
    assert len(shown_rows) == 3
    assert shown_rows[-1] == ["There are more entries. Choose a shorter time range."]


@pytest.mark.usefixtures("moved_money")
def test_balance_is_not_shown_as_an_alarm(page: Client) -> None:
    """pages.md: money in neutral colours (a balance is not an alarm)."""
    shown = text(page, "/balance/")
    assert "tp-bad" not in shown
    assert "tp-price" not in shown
