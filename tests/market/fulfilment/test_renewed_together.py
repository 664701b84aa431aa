"""Automatic renewals that are due at one moment are ordered and paid in one transaction (decision 0048): what each service, each
buyer and the ledger see is what they see when one is renewed after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import answer, react
from tests.market.fulfilment import services as in_use
from tests.market.fulfilment.services import END, LEVEL, SPEC, bought, ordered, passes, service
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.timers import AUTO_RENEW
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import RULE
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order, SalesDay
from tradepost.market.payments import ledger, pay_many
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.wiring import TASKS

pytestmark = [pytest.mark.django_db]
FIRST = datetime(2026, 3, 25, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
"""03:00 in the market's zone of the day that lies seven days before END's."""
COUNTED = ("seller", "day", "currency", "part", "lines", "amount_minor")
NUMBER = re.compile(r"\bCS[0-9A-Za-z]{6,}")


def services_of(buyer: User, offer: Offer, number: int) -> list[Subscription]:
    return [automatic(bought(make_order(buyer, offer=offer, paid=True))) for _ in range(number)]


def automatic(held: Subscription) -> Subscription:
    wanted = SetExpiryPolicy(subscription=held.pk, at_expiry="renew", duration=Duration("month", 1))
    set_expiry_policy(held.buyer, wanted, rule=RULE, now=NOW)
    return held


def left_with(buyer: User, amount: str) -> None:
    """The buyer spent the rest elsewhere."""
    account = ledger.buyer_account(buyer, "CNY")
    spent = account.balance - Money.of(amount, "CNY")
    booked = Transfer(reason="top_up", reference=f"spent-{account.pk}", actor="test", at=NOW)
    ledger._transfer(account, ledger.market_account(Account.Kind.CASH, "CNY"), spent, booked)


def market() -> list[Subscription]:
    """Of four buyers: one with enough, one with enough for one of three, and services for each reason not to renew one."""
    seller = make_seller()
    product = make_product(seller, address=make_address(seller), specs=(SPEC,))
    offer, other = make_offer(product), service()
    rich, poor, third = (make_buyer(level=LEVEL, balance="5000") for _ in range(3))
    held = [*services_of(rich, offer, 2), *services_of(poor, offer, 3), *services_of(third, offer, 3), automatic(other)]
    price = Money(offer.price_minor, offer.currency)
    left_with(poor, f"{price.minor * 1.5 / 100:.2f}")
    frozen, changing = held[5], held[6]
    [locked] = locked_subscriptions([frozen.pk])
    add_reason([locked], Freeze.Reason.OPERATOR, actor="operator@market.example", now=NOW)
    ordered(changing, now=FIRST - timedelta(hours=1))
    Offer.objects.filter(sku__spec__product=other.product).update(on_sale=False)
    react(now=NOW)
    return held


def everything() -> dict[str, str]:
    """Every table; what is drawn by chance is called by when it came."""
    found = {}
    names: dict[str, str] = {}
    for order in Order.objects.order_by("pk"):
        names[order.number] = f"ORDER-{len(names)}"
    for model in apps.get_models():
        text = serializers.serialize("json", model._default_manager.order_by("pk"), indent=1)
        if model is SalesDay:  # its rows are made in the order of its parts, or of the payments
            found[model._meta.label] = str(sorted(model._default_manager.values_list(*COUNTED)))
            continue
        found[model._meta.label] = NUMBER.sub(lambda match: names.get(match[0], match[0]), text)
    return found


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def renewed_and_delivered(at: datetime) -> dict[str, str]:
    """What is due by then, and the sellers did what they were asked."""
    passes(at)
    for call in Call.objects.exclude(state=State.ENDED).order_by("pk"):
        answer(call, now=at)
    react(now=at)
    passes(at + timedelta(hours=1))
    return everything()


def alone_at_a_time(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return TASKS[AUTO_RENEW](payload, now)


@pytest.mark.sqlite  # compares primary keys, which PostgreSQL does not give again after a rollback
def test_many_at_once_end_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """business-rules §4.5: each is deducted at 03:00; every table is the same either way, but for numbers drawn by chance."""
    market()
    with taken_back(), monkeypatch.context() as patched:
        patched.setattr(in_use, "TASKS", {**TASKS, AUTO_RENEW: alone_at_a_time})
        alone = renewed_and_delivered(FIRST)
    together = renewed_and_delivered(FIRST)
    assert alone.keys() == together.keys()
    for table, rows in alone.items():
        assert together[table] == rows, table
    assert sorted(AutoRenewal.objects.values_list("reason", flat=True)) == [
        "", "", "", "", "balance.too_low", "balance.too_low", "offer.unknown", "renewal.frozen", "renewal.open",
    ]  # fmt: skip
    assert ledger.verify().problems == ()


def test_the_balance_is_spent_in_the_order_of_the_timers() -> None:
    """The earlier of two services gets what there is, and each entry says what was left after it."""
    buyer = make_buyer(level=LEVEL, balance="5000")
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    first, second, third = services_of(buyer, offer, 3)
    price = offer.price_minor
    left_with(buyer, f"{price * 2.5 / 100:.2f}")
    passes(FIRST)
    paid = Order.objects.filter(order_type="RENEW").order_by("pk").values_list("lines__subscription", flat=True)
    assert list(paid) == [first.pk, second.pk]
    assert AutoRenewal.objects.get(subscription=third).reason == "balance.too_low"
    entries = Entry.objects.filter(account__user=buyer, transfer__at=FIRST).order_by("pk")
    assert [one.balance_after_minor for one in entries] == [round(price * 1.5), round(price * 0.5)]


def test_what_somebody_else_spent_meanwhile_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Balances are read before they are locked: who pays in between is not overdrawn, and nobody's renewal is lost."""
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    quick, slow = (make_buyer(level=LEVEL, balance="5000") for _ in range(2))
    services_of(quick, offer, 1)
    services_of(slow, offer, 1)
    known = pay_many.balances_of
    looks: list[object] = []

    def spends_after_the_look(users: object, currencies: object) -> object:
        found = known(users, currencies)  # type: ignore[arg-type]
        if not looks:
            looks.append(found)
            left_with(slow, "0.01")
        return found

    monkeypatch.setattr(pay_many, "balances_of", spends_after_the_look)
    passes(FIRST)
    assert list(Order.objects.filter(order_type="RENEW").values_list("buyer", flat=True)) == [quick.pk]
    assert sorted(AutoRenewal.objects.values_list("reason", flat=True)) == ["", "balance.too_low"]
    assert ledger.verify().problems == ()


def test_ten_take_as_many_statements_as_two() -> None:
    buyer = make_buyer(level=LEVEL, balance="50000")
    seller = make_seller()
    offer = make_offer(make_product(seller, address=make_address(seller), specs=(SPEC,)))
    services_of(buyer, offer, 10)
    due = list(Job.objects.filter(kind=AUTO_RENEW).order_by("pk"))
    later = [one.pk for one in due[2:]]
    counted = []
    for waiting in (later, []):
        with taken_back():
            Job.objects.filter(pk__in=waiting).update(due_at=END)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                jobs.run_due({AUTO_RENEW: TASKS[AUTO_RENEW]}, now=FIRST)
            assert Order.objects.filter(order_type="RENEW").count() == 10 - len(waiting)
            counted.append(len(asked))
    assert counted[0] == counted[1]
    assert counted[1] <= 40
