"""An authorisation code from its order to its end: pages, worker, the seller's software at the open APIs
(saas-v1-license §B2, issue 14).
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.journeys.buying import order
from tests.market.licenses.coded import coded_product
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.license_code import LicensedCode
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)
MONTH = {"plan": "PERIOD-month", "total": "10000", "periods": "1"}


@pytest.mark.slow
def test_code_is_taken_activated_renewed_and_expires(tmp_path: Path, live_server: Any) -> None:
    buyer = make_buyer(balance="500", now=clock.now(), level="V5")
    page, chinese = (Client(headers={"accept-language": language}) for language in ("en", "zh-hans"))
    for client in (page, chinese):
        client.force_login(buyer)
    product = coded_product()
    made = keys.create_access_key(product.seller, by=None, now=clock.now())
    market = MarketClient(live_server.url, made.key_id, made.secret, tries=1)
    with working():
        placed = order(page, product, **MONTH)
        until(LicenseCode.objects.exists, what="the code is issued")
        held = Subscription.objects.get(order_lines__order=placed)
        service = f"/services/{held.pk}/"
        assert "Reveal the code" in page.get(service).content.decode()
        assert "领取授权码" in chinese.get(service).content.decode()
        assert "Your authorisation code is ready." in page.get(f"/orders/{placed.number}/").content.decode()
        assert page.post(f"{service}code/").status_code == 404, "nobody reads it before it was taken"

        page.post(f"{service}code/take/")
        text = page.post(f"{service}code/").content.decode()
        assert text.startswith("PL")
        assert text not in page.get(service).content.decode()
        assert Order.objects.get(pk=placed.pk).status == "processing"

        software = LicensedCode(market, text, tmp_path / "license.json", clock=clock.now)
        assert software.used_by("seat 1", "seat 2").usable
        held.refresh_from_db()
        assert (held.status, Order.objects.get(pk=placed.pk).status) == ("active", "completed")
        with pytest.raises(MarketError) as again:
            market.activate_license(text)
        assert again.value.code == "92020003"
        shown = page.get(service).content.decode()
        assert "Clients" in shown

        choice = re.search(r'id="option-1"\s+value="([^"]+)"', page.get(f"{service}renew/").content.decode())
        assert choice is not None
        renewal = page.post(f"{service}renew/", {"option": choice[1], "agreed": "on"})["Location"]
        page.post(f"{renewal}pay/")
        until(
            lambda: Order.objects.filter(status="completed").count() == 2,
            what="it is renewed",
        )
        held.refresh_from_db()
        end = held.expires_at
        assert end is not None
        info = market.license(text)
        assert (info.status, info.expires_at) == ("ALIVE", end.replace(microsecond=0))
        assert not Call.objects.exists(), "the seller's server is not asked for anything"
        advance(end - clock.now() + timedelta(days=20))
        until(lambda: Subscription.objects.get(pk=held.pk).status == "frozen", what="it is frozen")
        assert market.license(text).status == "EXPIRED"
        assert not software.check().usable
        assert page.post(f"{service}code/").status_code == 404, "while it is frozen nobody reads it"
        advance(timedelta(days=60))
        until(lambda: Subscription.objects.get(pk=held.pk).status == "released", what="it is released")
        assert market.license(text).status == "RELEASED"
    assert ledger.verify().problems == ()


def test_order_whose_code_was_not_taken_is_refunded_on_its_page() -> None:
    buyer = make_buyer(balance="200", now=clock.now())
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    with working():
        placed = order(page, coded_product(), **MONTH)
        until(LicenseCode.objects.exists, what="the code is issued")
        held = Subscription.objects.get(order_lines__order=placed)
        assert page.post(f"/services/{held.pk}/code/give-back/").status_code == 302
        until(lambda: Order.objects.get(pk=placed.pk).status == "refunded")
    assert (
        "You returned the code before revealing it, so the order was refunded in full."
        in page.get(f"/orders/{placed.number}/").content.decode()
    )
    assert ledger.buyer_account(buyer, "CNY").balance_minor == 20_000
    page.post(f"/services/{held.pk}/code/take/")
    assert LicenseCode.objects.get().status == "withdrawn"
