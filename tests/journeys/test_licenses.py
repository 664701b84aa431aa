"""An online License from the application to the license: pages, engine, kit, sockets, the upload API (saas-v1-license
§B3).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.speaking import Licensor, product_over, serving
from tests.kit.servers import free_port
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.client import MarketClient, MarketError
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.upload import TextUpload

pytestmark = pytest.mark.django_db(transaction=True)

MONTH = {"plan": "PERIOD-month", "total": "10000", "periods": "1"}


def status() -> str:
    return LicenseRequest.objects.latest("pk").status


@pytest.mark.slow
def test_buyer_applies_and_gets_a_text_a_file_or_a_reason(tmp_path: Path, live_server: Any) -> None:
    buyer = make_buyer(now=clock.now())
    page, chinese = (Client(headers={"accept-language": language}) for language in ("en", "zh-hans"))
    for client in (page, chinese):
        client.force_login(buyer)
    seller, port = Licensor(tmp_path / "kit.db"), free_port()
    with serving(seller, port), working():
        product = product_over("license_online", f"http://127.0.0.1:{port}/produce")
        made = keys.create_access_key(product.seller, by=None, now=clock.now())
        seller.client = MarketClient(live_server.url, made.key_id, made.secret)
        held = wait_until_delivered(order(page, product, **MONTH))
        service = f"/services/{held.pk}/"

        def apply(fingerprint: str, expected: str) -> LicenseRequest:
            answer = page.post(f"{service}licenses/", {"fingerprint": fingerprint})
            assert answer["Location"] == service
            until(lambda: status() == expected, what=f"the application becomes {expected}, it is {status()}")
            until(lambda: not Call.objects.filter(outcome="").exists(), what="the call is recorded")
            return LicenseRequest.objects.latest("pk")

        text = apply("MAC-1", "delivered")
        assert seller.asked[-1].event_id == text.event_id
        assert held.expires_at is not None
        assert (seller.asked[-1].instance_id, seller.asked[-1].expires_at) == (
            held.instance_id,
            held.expires_at.replace(microsecond=0),
        )
        assert page.post(f"{service}licenses/{text.pk}/").content.decode() == "license of MAC-1"
        assert "Delivered" in page.get(service).content.decode()

        later = apply("LATER", "promised")
        call = Call.objects.latest("pk")
        assert (call.activity, call.outcome, call.attempts) == ("getLicenseAsync", "done", 1)
        assert "The seller has accepted and sends the license when it is made." in page.get(service).content.decode()
        assert apply("LATER", "promised").event_id == later.event_id, "asked again: the same application"
        advance(timedelta(hours=1))
        seller.client.upload_file(later.event_id, "lic.bin", b"\0\1license")
        seller.client.upload_file(later.event_id, "lic.bin", b"\0\1license")
        with pytest.raises(MarketError, match="91381034"):
            seller.client.upload_file(later.event_id, "lic.bin", b"another license")
        for _ in range(2):
            file = page.get(f"{service}licenses/{later.pk}/file")
            assert (file.content, file["Content-Disposition"]) == (
                b"\0\1license", "attachment; filename*=UTF-8''lic.bin",
            )  # fmt: skip
        assert page.post(f"{service}licenses/{later.pk}/").status_code == 404, "a file is no text"

        apply("", "refused")
        assert "000903" in page.get(service).content.decode()
        assert "设备指纹或硬件ID不能为空" in chinese.get(service).content.decode()

        stranger = Client()
        stranger.force_login(make_buyer(now=clock.now()))
        for path in (f"{service}licenses/{text.pk}/", f"{service}licenses/"):
            assert stranger.post(path).status_code == 404
        assert stranger.get(f"{service}licenses/{text.pk}/file").status_code == 404


@pytest.mark.slow
def test_second_application_for_a_machine_is_refused_and_an_ungranted_one_is_repeated(tmp_path: Path) -> None:
    """saas-v1-license §B3: the same eventId and fingerprint get the same license, never a second one."""
    buyer = make_buyer(now=clock.now())
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    seller, port = Licensor(tmp_path / "kit.db"), free_port()
    with serving(seller, port), working():
        held = wait_until_delivered(
            order(page, product_over("license_online", f"http://127.0.0.1:{port}/produce"), **MONTH)
        )
        address = f"/services/{held.pk}/licenses/"

        def refused_after(times: int) -> bool:
            return len(seller.asked) == times and status() == "refused"

        for times in (1, 2):
            page.post(address, {"fingerprint": ""})
            until(partial(refused_after, times))
        assert LicenseRequest.objects.count() == 1
        assert len({command.event_id for command in seller.asked}) == 1
    LicenseRequest.objects.update(status="delivered")
    for fingerprint, words in (
        ("", "You have already applied for a license for this machine. See below"),
        ("x" * 1025, "at most 1024"),
    ):
        assert words in page.post(address, {"fingerprint": fingerprint}).content.decode()
    Subscription.objects.update(status="frozen")
    page.post(address, {"fingerprint": "M2"})
    assert LicenseRequest.objects.count() == 1


def test_invalid_delivery_of_a_seller_is_refused_with_the_api_s_codes(tmp_path: Path, live_server: Any) -> None:
    """openapi-jointkit §C.7: 91381034 for an event of nobody's or another's, or another license; 91381033 after the
    end."""
    buyer = make_buyer(now=clock.now())
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    seller, port = Licensor(tmp_path / "kit.db"), free_port()
    with serving(seller, port), working():
        product = product_over("license_online", f"http://127.0.0.1:{port}/produce")
        held = wait_until_delivered(order(page, product, **MONTH))
        page.post(f"/services/{held.pk}/licenses/", {"fingerprint": "LATER"})
        until(lambda: status() == "promised")
    event = LicenseRequest.objects.get().event_id
    own = keys.create_access_key(product.seller, by=None, now=clock.now())
    other = keys.create_access_key(
        product_over("license_online", "http://127.0.0.1:9/x").seller, by=None, now=clock.now()
    )
    ours, theirs = (MarketClient(live_server.url, key.key_id, key.secret, tries=1) for key in (own, other))

    def refused(client: MarketClient, event_id: str, text: str) -> str:
        with pytest.raises(MarketError) as caught:
            client.upload_text(event_id, text)
        return caught.value.code

    assert refused(ours, "no-such-event", "a") == "91381034"
    assert refused(theirs, event, "a") == "91381034"
    assert refused(ours, event, "a\0b") == "91381037"
    ours.upload_text(event, "the license")
    ours.upload_text(event, "the license")  # a repeat, because the response may have been lost
    assert refused(ours, event, "another") == "91381034"
    Subscription.objects.filter(pk=held.pk).update(status="released")
    assert refused(ours, event, "the license") == "91381033"
    assert refused(MarketClient(live_server.url, own.key_id, "wrong", tries=1), event, "a") == "APIGW.0301"
    assert (
        TextUpload(event_id=event, characters="the license").characters
        not in LicenseRequest.objects.get().sealed_license
    )
