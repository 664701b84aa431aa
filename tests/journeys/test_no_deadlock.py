"""A worker books many payments in one transaction while buyers pay, without a deadlock."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from tests.factories import NOW, make_buyer, make_offer, make_order
from tests.waiting import until
from tradepost.market.notifications.tell import send_notice
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]  # SQLite allows one write at a time


def test_payment_and_batch_for_the_same_buyer_do_not_deadlock() -> None:
    buyer, offer = make_buyer(), make_offer()
    delivered, given_up = (make_order(buyer, offer=offer, paid=True) for _ in range(2))
    unpaid = make_order(buyer, offer=offer)
    line = OrderLine.objects.select_related("seller", "order").get(order=delivered)
    failed: list[BaseException] = []

    def pay() -> None:
        try:
            pay_order(unpaid, now=NOW)
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failed.append(error)
        finally:
            connections.close_all()

    paying = threading.Thread(target=pay)
    with transaction.atomic():
        ledger.earn(line.seller, line.amount, reference=line.number, order_number=delivered.number, now=NOW)
        paying.start()
        until(lambda: _is_blocked() or not paying.is_alive(), what="the payment is as far as it comes")
        send_notice(buyer, "order_completed", once=delivered.number, facts={"order": "", "product": ""}, now=NOW)
        ledger.refund(buyer, given_up.total, reference=given_up.number, now=NOW)
    paying.join(20)
    assert failed == []
    assert Order.objects.get(pk=unpaid.pk).status == Order.Status.PROCESSING
    assert ledger.verify().problems == ()


def _is_blocked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
