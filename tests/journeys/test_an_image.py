"""An image on a server, from the product's page to the hour after its period image expired: pages, engine, clock,
sandbox cloud.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import make_buyer, make_offer
from tests.factories.images import make_image
from tests.journeys.buying import wait_until_delivered
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.billing import queries
from tradepost.market.billing.models import Charge
from tradepost.market.compute.models import Server
from tradepost.market.images import meter
from tradepost.market.images.models import ImageTime, PeriodImage
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]

MINUTE = timedelta(minutes=1)


@pytest.mark.slow
def test_running_server_is_billed_on_demand_after_its_period_image_expires() -> None:
    """business-rules §5: "if not renewed and the server keeps running … otherwise billed on-demand", from that minute
    on."""
    now = clock.now()
    buyer, product = make_buyer(balance="500", now=now), make_image(now=now)
    hourly, monthly = (make_offer(product, mode=mode) for mode in ("ON_DEMAND", "PERIOD"))
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    with working():
        led = page.get(f"/checkout/{product.pk}/", {"plan": hourly.plan})
        assert led["Location"].startswith(f"/servers/new/{hourly.product_id}/")
        form = {"where": "new", "name": "web-1", "size": "s1", "agreed": "on", "idempotency_key": "one"}
        answer = page.post(led["Location"], form)
        assert page.post(led["Location"], form)["Location"] == answer["Location"], "pressed twice, it is one server"
        service = wait_until_delivered(Order.objects.get(number=answer["Location"].split("/")[2]))
        server = Server.objects.get()
        assert server.address in page.get(f"/services/{service.pk}/").content.decode()
        assert "now, while it runs healthily" in page.get(f"/servers/{server.pk}/").content.decode()

        bought = page.post(f"/servers/images/new/{monthly.product_id}/", {"server": server.pk, "agreed": "on"})
        number = bought["Location"].split("/")[2]
        page.post(f"/orders/{number}/pay/")
        paid = wait_until_delivered(Order.objects.get(number=number))
        until(lambda: PeriodImage.objects.filter(service=paid, status="bound").exists(), what="it covers the server")
        assert "by a period image" in page.get(f"/servers/{server.pk}/").content.decode()

        def is_(status: str) -> None:
            until(lambda: Server.objects.get(pk=server.pk).status == status, what=f"the server is {status}")

        page.post(f"/servers/{server.pk}/stop/")
        is_("stopped")
        end = Subscription.objects.get(pk=paid.pk).expires_at
        assert end is not None
        advance(end - clock.now() - 90 * MINUTE, within=120)
        page.post(f"/servers/{server.pk}/start/")
        is_("running")
        advance(end - clock.now() + 150 * MINUTE, within=60)
        until(lambda: PeriodImage.objects.get(service=paid).status == "expired", what="it has ended")

        covered = sum(one.quantity for one in ImageTime.objects.filter(image=paid.pk))
        assert 10_000 < covered <= 15_000 + 10_000
        first = ImageTime.objects.filter(record__isnull=False, begin_at__gte=end - 100 * MINUTE).earliest("begin_at")
        assert first.begin_at == end, "billed from that very moment"
        until(lambda: Charge.objects.filter(at__gte=end).exists(), what="the hours are charged")
        shown = page.get(f"/servers/{server.pk}/").content.decode()
        assert ">period image<" in shown
        assert ">the hour<" in shown
        until(
            lambda: Notice.objects.filter(user=buyer, kind="image_expired_billed").exists(), what="told that it costs"
        )
    assert meter.inconsistencies() == []
    assert queries.problems() == []
    assert ledger.verify().problems == ()
