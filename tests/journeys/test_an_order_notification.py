"""A hardware order reaches a seller written from the specification at the third attempt; repeats are harmless; the
seller does not use the kit (issue 26, must show 2; saas-v1-license D1, business-rules §4.2).
"""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import make_buyer, make_operator, make_product, make_seller
from tests.factories.products import ONCE
from tests.journeys import stranger
from tests.journeys.buying import order
from tests.journeys.probing import browser, text
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock, outbox
from tradepost.market.base.models import Event
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.identity import keys
from tradepost.market.orders.events import OrderPaid
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.supervision.models import Supervision

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KEY = "0123456789abcdef0123456789ABCDEF"
HOUR = timedelta(hours=1)


def test_hardware_order_reaches_a_seller_at_the_third_attempt(live_server: Any) -> None:
    now = clock.now()
    owner, buyer, operator = make_buyer(now=now), make_buyer(balance="10000", now=now), make_operator(now=now)
    seller = make_seller(member=owner, now=now)
    product = make_product(seller, product_type="HARDWARE", prices=(ONCE,), bound=False, now=now)
    center, store, console = browser(owner), browser(buyer), browser(operator)
    with stranger.serving(stranger.Stranger(KEY)) as theirs, working():
        access = keys.create_access_key(seller, by=None, now=now)
        theirs.market, theirs.ak, theirs.sk = live_server.url, access.key_id, access.secret

        # Create key and address, debug, and bind, as the pages offer it.
        made = center.post("/seller/keys/signing/notice/", {"replaces": "", "secret": KEY})
        assert made.status_code == 200, made.content.decode()
        new = f"/seller/addresses/new/?product={product.pk}"
        assert "Order notification" in text(center, new)
        registered = center.post(new, {"url": theirs.url, "protocol": "order_notice", "product": str(product.pk)})
        assert registered.status_code == 302, registered.content.decode()
        address = Address.objects.get(seller=seller)
        assert "Not debugged yet" in text(center, "/seller/addresses/")
        debug_address(center, address)
        page = text(center, "/seller/addresses/")
        assert (f'<option value="{address.pk}" selected>' in page, "Not debugged yet" in page) == (True, False)

        placed = order(store, product, plan="ONE_TIME-", total="500000")
        line = placed.lines.get().number
        attempted(1)
        until(Supervision.objects.filter(line__number=line).exists, what="people can deliver it meanwhile")
        assert Supervision.objects.get(line__number=line).line.order.status == "processing"
        for number in (2, 3):
            advance(1.1 * HOUR)
            attempted(number)
        until(lambda: Call.objects.get(purpose="notice").outcome == "done", what="the notification is accepted")

        assert list(theirs.book) == [line], "one delivery in the seller's book"
        assert theirs.book[line]["orderId"] == placed.number
        assert theirs.book[line]["orderLine"][0]["orderLineId"] == line
        assert theirs.refused == []
        call = Call.objects.get(purpose="notice")
        assert verdicts(call) == ["timeout", "content_type", "done"]
        shown = text(center, f"/seller/messages/{call.pk}/")
        assert [f"Attempt {number}" in shown for number in (1, 2, 3, 4)] == [True, True, True, False]
        assert "Restart" not in shown
        listed = text(center, "/seller/messages/?activity=orderNotify")
        assert (line in listed, '<td class="tp-num" data-label="Attempts">3</td>' in listed) == (True, True)
        assert "orderNotify" in text(console, f"/console/calls/?order={placed.number}")
        assert "Attempt 3" in text(console, f"/console/calls/{call.pk}/")

        # Repeat the event in the market, and the call on the wire.
        outbox.publish(OrderPaid(order=placed.number), now=clock.now())
        until(lambda: not Event.objects.exists(), what="the event is dispatched")
        assert Call.objects.filter(purpose="notice").count() == 1
        assert repeat_notification(theirs, placed.number, line)["resultCode"] == "000000"
        assert list(theirs.book) == [line]


def attempted(number: int) -> None:
    made = Attempt.objects.filter(call__purpose="notice")
    until(lambda: made.count() == number, what=f"attempt {number}")


def debug_address(center: Any, address: Address) -> None:
    """Send the mock order that the form proposes, with testFlag 1."""
    where = f"/seller/debug/{address.pk}/orderNotify/"
    answer = center.post(where, {**center.get(where).context["form"].initial, "do": "debug"})
    assert answer.status_code == 302, answer.content.decode()
    until(lambda: DebugRun.objects.get(address=address).ended_at is not None, what="the test call ends")
    assert DebugRun.objects.get(address=address).passed
    assert DebugCase.objects.get(address=address).activity == "orderNotify"


def verdicts(call: Call) -> list[str]:
    return list(Attempt.objects.filter(call=call).order_by("number").values_list("verdict", flat=True))


def repeat_notification(theirs: stranger.Stranger, number: str, line: str) -> Any:
    """Send the same notification again, as a market does that lost the record of the response."""
    body = json.dumps(
        {"activity": "orderNotify", "orderId": number, "orderLineId": line, "testFlag": "0"}, separators=(",", ":")
    ).encode()
    nonce, timestamp = "R" * 32, str(int(time.time() * 1000))
    query = f"signature={theirs.signature(nonce, timestamp, body)}&timestamp={timestamp}&nonce={nonce}"
    request = urllib.request.Request(f"{theirs.url}?{query}", body, {"Content-Type": "application/json;charset=utf-8"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
