"""A buyer without money pays by bank transfer: order, transfer, proof, an operator books it, the order is paid and
delivered (money.md §2, issue 12).
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_buyer, make_operator
from tests.factories.pictures import picture_file
from tests.journeys.buying import wait_until_delivered
from tests.journeys.sellers import product_at, serving
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.intent_models import Intent
from tradepost.market.work_queue.models import Handling
from tradepost.market.work_queue.registry import sources

pytestmark = pytest.mark.django_db(transaction=True)


def logged_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("\xa0", " "))


def notices(user: User, kind: str) -> Notice:
    until(lambda: Notice.objects.filter(user=user, kind=kind).exists(), what=f"{kind} reaches {user.email}")
    return Notice.objects.get(user=user, kind=kind)


@pytest.mark.slow
def test_buyer_with_an_empty_balance_pays_by_transfer_and_is_delivered(tmp_path: Path) -> None:
    buyer, operator = make_buyer(balance="0", now=clock.now()), make_operator(now=clock.now())
    page, console = logged_in(buyer), logged_in(operator)
    with serving(tmp_path) as shop, working():
        form = {"plan": "PERIOD-month", "quantity": "1", "periods": "1", "total": "10000", "agreed": "on"}
        number = page.post(f"/checkout/{product_at(shop.url).pk}/", form)["Location"].split("/")[2]
        page.post(f"/orders/{number}/pay/")
        assert Order.objects.get(number=number).status == Order.Status.UNPAID
        intent = announce_for(page, number)
        picture = SimpleUploadedFile("receipt.png", picture_file(), "image/png")
        page.post(f"/balance/transfers/{intent.number}/proof/", {"proof_file": picture})
        proof = notices(operator, "operator_transfer_proof")
        assert [one.pk for one in sources()["transfers"].rows()] == [intent.pk]
        until(
            lambda: Order.objects.get(number=number).pay_before > clock.now() + timedelta(days=2),
            what="the order waits for the money",
        )
        advance(timedelta(hours=30))  # beyond the time to pay of an order without a transfer
        assert Order.objects.get(number=number).status == Order.Status.UNPAID
        confirm(console, proof.link)
        booked = notices(buyer, "transfer_booked_for_order")
        assert booked.link == f"/orders/{number}/"
        assert "Pay ¥ 100.00" in read(page, booked.link)
        page.post(f"{booked.link}pay/")
        wait_until_delivered(Order.objects.get(number=number))
    assert not sources()["transfers"].rows().exists()
    assert not Handling.objects.exists()
    assert ledger.verify().problems == ()
    assert ledger.buyer_account(buyer, "CNY").balance.minor == 0


def announce_for(page: Client, number: str) -> Intent:
    """Announce a transfer from the order's page, which fills in the missing amount."""
    shown = read(page, f"/orders/{number}/")
    assert "Top up ¥ 100.00" in shown
    assert f'href="/balance/top-up/?order={number}"' in shown
    asked = read(page, f"/balance/top-up/?order={number}")
    assert 'value="100.00"' in asked
    where = page.post("/balance/top-up/", {"amount": "100.00", "order": number})["Location"]
    intent = Intent.objects.get(purpose=number)
    assert where == f"/balance/transfers/{intent.number}/"
    details = read(page, where)
    assert intent.number in details
    assert "6200 0000 0000 0017" in details
    return intent


def confirm(console: Client, path: str) -> None:
    """Confirm in two steps. The first books nothing."""
    assert "receipt.png" in read(console, path)
    arrival = {"amount": "100.00", "bank_number": "icbc-2026-77", "payer": "蓝田", "words": "", "note": ""}
    step = console.post(f"{path}confirm/", arrival)
    assert "Add ¥" in step.content.decode()
    assert Intent.objects.get().status == "in_review"
    console.post(f"{path}confirm/", arrival | {"confirmed": "1"})
    assert Intent.objects.get().status == "succeeded"
