"""An open call cannot be moved: not by a restart, and not by a clock that jumps over its response."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest

from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import WorkerProcess
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.restart import restart

from .broken_sellers import honest_response, serving

DAY = timedelta(days=1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_restart_and_clock_wait_for_the_response() -> None:
    """saas-v2 §7: Restart is one more attempt; it is never a second one beside the first."""
    event, answer = threading.Event(), threading.Event()

    def seller(connection: socket.socket, request: dict[str, str]) -> None:
        event.set()
        answer.wait(60)
        connection.sendall(honest_response(request))

    now = clock.now()
    with serving({"/": seller}) as server:
        maker = make_seller(now=now)
        product = make_product(maker, address=make_address(maker, url=server.url + "/", now=now), now=now)
        order = make_order(make_buyer(now=now), offer=make_offer(product), paid=True, now=now)
        with working(timeout=60.0):
            assert event.wait(30)
            call = Call.objects.get(order_number=order.number)
            with pytest.raises(Refused, match=r"call\.in_flight"):
                restart(call, actor="seller@example.com", now=clock.now())
            target = clock.set_target(30 * DAY)
            beat = WorkerProcess.objects.get().seen_at
            until(lambda: WorkerProcess.objects.get().seen_at > beat, what="the upkeep came by, which moves the clock")
            assert clock.now() < now + DAY
            assert Call.objects.get(pk=call.pk).state == State.LEASED
            answer.set()
            until(lambda: clock.target() is None, within=60, what="the clock goes on")
        assert clock.now() >= target
        assert Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED
        assert len(server.asked("newInstance")) == 1
        attempts = Attempt.objects.filter(call=call).values_list("number", "trigger", "verdict")
        assert list(attempts) == [(1, "plan", "done")]
        assert Order.objects.filter(pk=order.pk, ended_at__lt=now + DAY).exists(), "delivered before the clock went on"
