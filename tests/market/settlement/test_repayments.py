"""A seller pays its debt: announced, proved, confirmed, refused, corrected, withdrawn, and shown on the next statement.

business-rules §8.2: "Refund: deducted from this/next settlement, then deposit, then payment."
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_operator, make_seller
from tests.factories.pictures import PDF
from tests.factories.transfers import announce, came, show
from tests.market.engine import react
from tests.market.fulfilment.services import service, told
from tests.market.fulfilment.unsubscribing import asked
from tests.market.settlement.settling import (
    APRIL,
    PRICE,
    RULES,
    RUN,
    ZONE,
    assert_sound,
    buy_another,
    make_statement,
    owner_of,
    pay_statement,
    sign_statement,
    statement_for,
    sum_up,
)
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock, jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.payments import intents, ledger, unmatched
from tradepost.market.payments.confirm import confirm, reject
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.settlement.calendar import month_of
from tradepost.market.settlement.debt import debt_of_seller
from tradepost.market.settlement.models import SettlementItem
from tradepost.market.settlement.run import lines_of_items
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
NET = 9_500
"""The refunded order, less its fee, which is returned with it."""
FORM, LIST = "/seller/settlements/repay/", "/seller/settlements/repayments/"
ARRIVAL = {"bank_number": "ICBC-77", "amount": "95", "payer": "", "words": "", "note": ""}


def owing_service() -> Subscription:
    """Make a service whose order was paid out to its seller and then refunded."""
    subscription = service(members=1)
    pay_statement(statement_for(subscription))
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    sum_up()
    return subscription


def debt_of(seller: Seller) -> int:
    return debt_of_seller(seller, "CNY", RULES.policy).minor


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode().replace("\xa0", " ")


def upload(client: Client, number: str, *, content: bytes = PDF) -> Any:
    file = {"proof_file": SimpleUploadedFile("receipt.pdf", content)}
    return client.post(f"{LIST}{number}/proof/", file)


def snapshot() -> tuple[object, ...]:
    """Return everything that a refusal must leave unchanged."""
    return (
        list(Intent.objects.order_by("pk").values()), list(ProviderFact.objects.order_by("pk").values()),
        Transfer.objects.count(), SettlementItem.objects.count(),
    )  # fmt: skip


# --- amount of the debt -------------------------------------------------------------------------------------------------


def test_debt_of_a_refund_after_the_payout_is_less_the_returned_fee() -> None:
    subscription = service(members=1)
    first = statement_for(subscription)
    assert debt_of(subscription.seller) == 0
    pay_statement(first)
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    sum_up()
    assert ledger.seller_account(subscription.seller, "CNY").balance.minor == -PRICE
    assert debt_of(subscription.seller) == NET
    buy_another(subscription)
    sum_up()
    assert debt_of(subscription.seller) == 0, "later earnings cover it"
    assert assert_sound() == []


@pytest.mark.slow
@pytest.mark.parametrize("orders", [0, 1, 2])
@pytest.mark.parametrize("repaid", [0, 1, NET, NET + 1])
def test_debt_equals_the_shortfall_of_a_statement(orders: int, repaid: int) -> None:
    subscription = owing_service()
    for _ in range(orders):
        buy_another(subscription)
    if repaid:
        ledger.repay(subscription.seller, Money(repaid, "CNY"), reference="B1", actor="op", now=NOW)
    counted_at_once = debt_of(subscription.seller) if not orders else None
    sum_up()
    items = list(SettlementItem.objects.filter(seller=subscription.seller, statement=None).order_by("pk"))
    net = sum(line.net_minor for line in lines_of_items(items, RULES.policy))
    assert debt_of(subscription.seller) == max(-net, 0) == max(NET - repaid - orders * NET, 0)
    assert counted_at_once in {None, debt_of(subscription.seller)}


def test_market_itself_owes_nothing() -> None:
    seller = owing_service().seller
    seller.self_operated = True
    assert debt_of(seller) == 0


# --- payment ------------------------------------------------------------------------------------------------------------


def test_seller_pays_its_debt_and_the_next_statement_shows_it() -> None:
    """§8.2, by the pages."""
    subscription = owing_service()
    seller, console = subscription.seller, enter(make_operator())
    owner = enter(owner_of(seller))
    assert "Amount owed" in text(owner, "/seller/settlements/")
    assert 'value="95.00"' in text(owner, FORM)
    where = owner.post(FORM, {"amount": "95"})["Location"]
    intent = Intent.objects.get()
    assert where == f"{LIST}{intent.number}/"
    assert f'data-copy="{intent.number}"' in text(owner, where)
    assert upload(owner, intent.number).status_code == 302
    react(now=clock.now())
    assert told("operator_repayment_proof") == 1
    at = f"/console/transfers/{intent.pk}/"
    assert "¥ 95.00" in text(console, at)
    assert "Book ¥ 95.00" in console.post(f"{at}confirm/", ARRIVAL).content.decode().replace("\xa0", " ")
    assert not ProviderFact.objects.exists()
    console.post(f"{at}confirm/", ARRIVAL | {"confirmed": "1"})
    react(now=clock.now())
    assert (told("repayment_booked"), debt_of(seller), assert_sound()) == (1, 0, [])
    assert "was booked as your payment" in text(owner, where)
    sum_up()
    assert (debt_of(seller), assert_sound()) == (0, [])
    assert "ICBC-77" in text(owner, "/seller/settlements/open/")
    assert "Paid in by the seller" in text(console, "/console/ledger/")
    assert_next_statement_shows_it(subscription, owner, console)


def assert_next_statement_shows_it(subscription: Subscription, owner: Client, console: Client) -> None:
    buy_another(subscription)
    now = clock.now()
    statement = make_statement(subscription.seller, month_of(now, ZONE), now=now + timedelta(days=40))
    assert statement is not None
    lines = sorted((line.base_minor, line.fee_minor, line.net_minor, line.repaid) for line in statement.lines.all())
    assert lines == [(-PRICE, -500, -NET, ""), (NET, 0, NET, "ICBC-77"), (PRICE, 500, NET, "")]
    assert (statement.net_minor, assert_sound()) == (NET, [])
    for client, at in ((owner, "/seller/settlements/"), (console, "/console/settlements/")):
        assert "ICBC-77" in text(client, f"{at}{statement.pk}/")
        file = client.get(f"{at}{statement.pk}/export/csv/").content.decode("utf-8-sig")
        assert "ICBC-77" in [row[0] for row in csv.reader(StringIO(file))]
    sign_statement(statement)
    assert ledger.seller_account(subscription.seller, "CNY").balance == Money(0, "CNY")
    assert assert_sound() == []


def test_excess_payment_is_paid_out_with_a_later_statement() -> None:
    subscription = owing_service()
    intent = show(announce(owner_of(subscription.seller), NET, seller=subscription.seller))
    confirm(intent, came("B-1", NET + 5_000), by=make_operator(), now=NOW)
    statement = make_statement(subscription.seller, APRIL, now=RUN + timedelta(days=30))
    assert statement is not None
    assert (statement.net_minor, assert_sound()) == (5_000, [])


def test_money_without_a_reference_is_assigned_to_the_sellers_payment() -> None:
    subscription, operator = owing_service(), make_operator()
    intent = announce(owner_of(subscription.seller), NET, seller=subscription.seller)
    fact = unmatched.record(came("B-1", NET), by=operator, now=NOW)
    console = enter(operator)
    form = {"whose": intent.number, "note": "by phone"}
    at = f"/console/unmatched/{fact.pk}/assign/"
    assert "Payment of the seller" in console.post(at, form).content.decode()
    console.post(at, form | {"confirmed": "1"})
    fact.refresh_from_db()
    intent.refresh_from_db()
    assert (fact.seller, fact.user, intent.status) == (subscription.seller, None, "succeeded")
    react(now=clock.now())
    assert (debt_of(subscription.seller), told("repayment_booked")) == (0, 1)
    sum_up()
    assert (debt_of(subscription.seller), assert_sound()) == (0, [])
    assert "Payment of the seller" in text(console, f"/console/unmatched/{fact.pk}/")


# --- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["", "0", "-5", "95.01", "1e1", "abc", "1.234"])
def test_impossible_amount_is_refused_beside_its_field_and_kept(typed: str) -> None:
    owner = enter(owner_of(owing_service().seller))
    before = snapshot()
    answer = owner.post(FORM, {"amount": typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="amount-error"' in page
    assert f'value="{typed}"' in page
    assert snapshot() == before


def test_seller_without_debt_cannot_announce_a_payment() -> None:
    seller = make_seller(member=make_buyer())
    owner = enter(owner_of(seller))
    assert "You owe nothing" in text(owner, FORM)
    owner.post(FORM, {"amount": "1"})
    assert not Intent.objects.exists()


def test_form_without_a_receipt_is_refused() -> None:
    subscription = owing_service()
    owner = enter(owner_of(subscription.seller))
    intent = announce(owner_of(subscription.seller), NET, seller=subscription.seller, now=clock.now())
    before = snapshot()
    assert owner.post(f"{LIST}{intent.number}/proof/").status_code == 422
    assert upload(owner, intent.number, content=b"no document").status_code == 422
    assert snapshot() == before


def test_operator_cannot_decide_a_payment_of_their_own_seller() -> None:
    subscription, operator = owing_service(), make_operator()
    make_member(subscription.seller, operator)
    intent = show(announce(owner_of(subscription.seller), NET, seller=subscription.seller))
    fact = unmatched.record(came("B-9", NET), by=make_operator(), now=NOW)
    before = snapshot()
    for act in (
        lambda: confirm(intent, came("B-1", NET), by=operator, now=NOW),
        lambda: reject(intent, "not there", by=operator, now=NOW),
        lambda: unmatched.assign(fact, intent.user, intent=intent, note="x", by=operator, now=NOW),
    ):
        with pytest.raises(Refused, match=r"transfer\.own"):
            act()
    console = enter(operator)
    at = f"/console/transfers/{intent.pk}/"
    assert console.post(f"{at}confirm/", ARRIVAL | {"confirmed": "1"}).status_code == 403
    assert console.post(f"{at}reject/", {"opinion": "not there"}).status_code == 403
    form = {"whose": intent.number, "note": "x", "confirmed": "1"}
    assert console.post(f"/console/unmatched/{fact.pk}/assign/", form).status_code == 403
    assert snapshot() == before


@pytest.mark.parametrize(
    ("account", "shown", "hidden"),
    [
        ({"holder": "Tradepost", "bank": "ICBC", "number": "6200 17"}, "6200 17", "has not published a bank account"),
        ({}, "The market has not published a bank account. Contact support.", "Transfer details"),
    ],
)
def test_payment_without_a_bank_account_shows_no_empty_values(account: dict[str, str], shown: str, hidden: str) -> None:
    seller = make_seller(member=(person := make_buyer()))
    intent = announce(person, 5_000, seller=seller)
    Intent.objects.filter(pk=intent.pk).update(pay_to=account)
    page = text(enter(person), f"{LIST}{intent.number}/")
    assert shown in page
    assert hidden not in page
    assert 'data-copy=""' not in page


def test_other_users_cannot_find_the_payment() -> None:
    """Neither on the buyer's pages of the person who announced it, nor for another seller."""
    subscription = owing_service()
    person = owner_of(subscription.seller)
    intent = announce(person, NET, seller=subscription.seller)
    client = enter(person)
    assert intent.number not in text(client, "/balance/transfers/")
    assert client.get(f"/balance/transfers/{intent.number}/").status_code == 404
    assert intent.number not in text(client, "/balance/")
    other = enter(owner_of(make_seller(member=make_buyer())))
    assert other.get(f"{LIST}{intent.number}/").status_code == 404
    assert other.post(f"{LIST}{intent.number}/withdraw/").status_code == 404
    intent.refresh_from_db()
    assert intent.status == "pending"


# --- corrections and withdrawals ----------------------------------------------------------------------------------------


def test_rejected_receipt_is_corrected() -> None:
    subscription, operator = owing_service(), make_operator()
    owner = enter(owner_of(subscription.seller))
    intent = show(announce(owner_of(subscription.seller), NET, seller=subscription.seller))
    reject(intent, "another account", by=operator, now=clock.now())
    react(now=clock.now())
    assert told("repayment_rejected") == 1
    assert "another account" in text(owner, f"{LIST}{intent.number}/")
    assert upload(owner, intent.number, content=PDF + b"better").status_code == 302
    intent.refresh_from_db()
    assert (intent.status, debt_of(subscription.seller), assert_sound()) == ("in_review", NET, [])


def test_withdrawn_payment_is_booked_when_its_money_arrives() -> None:
    subscription = owing_service()
    owner = enter(owner_of(subscription.seller))
    intent = announce(owner_of(subscription.seller), NET, seller=subscription.seller)
    owner.post(f"{LIST}{intent.number}/withdraw/")
    intent.refresh_from_db()
    assert (intent.status, debt_of(subscription.seller)) == ("withdrawn", NET)
    assert "This payment was withdrawn" in text(owner, f"{LIST}{intent.number}/")
    before = snapshot()
    owner.post(f"{LIST}{intent.number}/withdraw/")
    assert snapshot() == before
    confirm(intent, came("B-1", NET), by=make_operator(), now=NOW)
    assert (debt_of(subscription.seller), assert_sound()) == (0, [])


def test_payment_expires_and_its_receipt_may_be_late() -> None:
    subscription = owing_service()
    owner = enter(owner_of(subscription.seller))
    intent = announce(owner_of(subscription.seller), NET, seller=subscription.seller)
    jobs.run_due({intents.TIMER_KIND: intents.expire}, now=intent.waits_until)
    react(now=intent.waits_until)
    assert told("repayment_expired") == 1
    assert "This payment has expired" in text(owner, f"{LIST}{intent.number}/")
    assert upload(owner, intent.number).status_code == 302
    intent.refresh_from_db()
    assert intent.status == "in_review"


def test_same_form_twice_is_one_payment_and_not_a_top_up_of_the_sender() -> None:
    subscription = owing_service()
    person = owner_of(subscription.seller)
    top_up = announce(person, NET)
    first, second = (announce(person, NET, seller=subscription.seller) for _ in range(2))
    assert first.pk == second.pk != top_up.pk


# --- the check of the books ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda: ProviderFact.objects.update(seller=make_seller()), "its money says otherwise"),
        (lambda: ProviderFact.objects.update(user=make_buyer(), seller=None), "its money says otherwise"),
        (lambda: ProviderFact.objects.update(amount_minor=1), "paid in 1"),
        (lambda: SettlementItem.objects.filter(source="repaid:B-1").update(minor=1), "its items are not"),
        (lambda: Account.objects.filter(kind="seller").update(seller=make_seller()), "paid in"),
    ],
)
def test_check_finds_a_payment_that_is_booked_differently(spoil: Callable[[], object], words: str) -> None:
    subscription = owing_service()
    intent = show(announce(owner_of(subscription.seller), NET, seller=subscription.seller))
    confirm(intent, came("B-1", NET), by=make_operator(), now=NOW)
    sum_up()
    assert assert_sound() == []
    spoil()
    assert any(words in problem for problem in assert_sound())
