"""Issue 14, "Must show" 1, in chromium: a license of a machine whose file comes an hour later; a code from its
preparation to its end; a service with a rejection, an appeal and a decision by three people; and goods that are
returned (business-rules §2.10, §4.7).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.saving import read_download
from tests.factories import make_buyer, make_offer, make_operator, make_order, make_product, make_seller
from tests.factories.products import ONCE
from tests.journeys.in_chromium import buy, chromium_beside_django, market_of_test, submit_act
from tests.journeys.speaking import Licensor, product_over, serving
from tests.kit.servers import free_port
from tests.market.engine import react
from tests.market.licenses.coded import coded_product
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit.client import MarketClient
from tradepost.kit.license_code import LicensedCode
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.models import LicenseCode, LicenseRequest
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
FILE = b"\0\1 license of one machine"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with chromium_beside_django(chromium) as started:
        yield started


def client_of(seller: Seller, market: str) -> MarketClient:
    made = keys.create_access_key(seller, by=None, now=clock.now())
    return MarketClient(market, made.key_id, made.secret, tries=1)


def save_download(buyer: Person, name: str) -> bytes:
    with buyer.page.expect_download() as saving:
        buyer.page.get_by_role("link", name=name).first.click()
    return read_download(saving.value)


def test_license_file_delivered_an_hour_later_is_the_same_at_every_request(
    browser: Browser, live_server: Any, tmp_path: Path
) -> None:
    """saas-v1-license §B3: 000004 to getLicenseAsync, then the upload; the same eventId, the same license. The buyer accepts it."""
    buyer_, port = make_buyer(now=clock.now()), free_port()
    seller, market = Licensor(tmp_path / "kit.db"), market_of_test(live_server, tmp_path, buyer=buyer_)
    with serving(seller, port), working(), person(browser, market, "buyer") as buyer:
        url = f"http://127.0.0.1:{port}/produce"
        product = product_over("license_online", url, answers={"supervised": "yes"})
        seller.client = client_of(product.seller, live_server.url)
        number = buy(buyer, product, "PERIOD-month")
        until(lambda: Subscription.objects.filter(status="active").exists(), within=60, what="the instance is opened")
        buyer.page.get_by_role("link", name="See the delivery").click()
        submit_act(buyer, "demand", fingerprint="LATER")
        until(
            lambda: LicenseRequest.objects.filter(status="promised").exists(), within=60, what="the seller promises it"
        )
        own = LicenseRequest.objects.get()
        advance(timedelta(hours=1), within=60)
        for _ in range(2):
            seller.client.upload_file(own.event_id, "lic.bin", FILE)
        until(lambda: Supervision.objects.get().node == "accept", within=60, what="the license is there")
        buyer.page.reload()
        buyer.page.get_by_role("link", name="Licenses of your machines").click()
        assert [save_download(buyer, "lic.bin") for _ in range(2)] == [FILE, FILE]
        assert Order.objects.get(number=number).status == "processing", "held, though it is in use"
        expect(buyer.page.locator("#sf-fingerprint")).to_have_count(0)

        buyer.go(f"/supervision/{Supervision.objects.get().pk}/")
        submit_act(buyer, "accept")
        expect(buyer.page.locator("main")).to_contain_text("The delivery was accepted.")
        assert Order.objects.get(number=number).status == "completed"
        buyer.go(f"/services/{Subscription.objects.get().pk}/")
        buyer.page.locator("#sf-fingerprint").fill("LATER")
        buyer.press("Apply for a license")
        until(lambda: LicenseRequest.objects.count() == 2, what="the term that was paid is another one")
    assert ledger.verify().problems == ()


def test_license_code_is_prepared_taken_activated_verified_renewed_and_expires(
    browser: Browser, live_server: Any, tmp_path: Path
) -> None:
    """saas-v1-license §B2; business-rules §2.10: license auth code."""
    now = clock.now()
    buyer_, owner = make_buyer(balance="500", now=now, level="V5"), make_buyer(now=now)
    market = market_of_test(live_server, tmp_path, buyer=buyer_, seller=owner)
    product = coded_product(make_seller(member=owner, now=now), answers={"supervised": "yes"}, now=now)
    software_of = client_of(product.seller, live_server.url)
    with working(), person(browser, market, "buyer") as buyer, person(browser, market, "seller") as seller:
        number = buy(buyer, product, "PERIOD-month")
        until(Supervision.objects.exists, within=60, what="the delivery begins")
        one, held = Supervision.objects.get(), Subscription.objects.get()
        seller.go(f"/seller/supervision/{one.pk}/")
        submit_act(seller, "deliver", words="Installed at your office.")
        buyer.go(f"/supervision/{one.pk}/")
        submit_act(buyer, "take")
        buyer.page.get_by_role("link", name="Show the code").click()
        buyer.press("Show")
        shown = buyer.page.locator("[data-secret] code")
        expect(shown).to_contain_text("PL")
        text = shown.inner_text()
        assert text == LicenseCode.objects.get().code
        software = LicensedCode(software_of, text, tmp_path / "license.json", clock=clock.now)
        assert software.used_by("seat 1").usable
        until(lambda: Supervision.objects.get().node == "proof", within=60, what="the activation leads on")
        assert Order.objects.get().status == "processing"
        seller.page.reload()
        submit_act(seller, "deliver", evidence=True)
        expect(seller.page.locator("main")).to_contain_text("The delivery was accepted.")
        assert Order.objects.get(number=number).status == "completed"

        buyer.go(f"/services/{held.pk}/renew/")
        buyer.page.locator("#option-1").check()
        buyer.page.locator("#agreed").check()
        buyer.page.locator("main form button.btn-primary, main form button.btn-accent").last.click()
        buyer.press("Pay")
        until(
            lambda: Order.objects.filter(status="completed").count() == 2,
            within=60,
            what="it is renewed",
        )
        held.refresh_from_db()
        assert held.expires_at is not None
        advance(held.expires_at - clock.now() + timedelta(days=20), within=60)
        until(lambda: Subscription.objects.get().status == "frozen", within=60, what="it is frozen")
        assert (software_of.license(text).status, software.check().usable) == ("EXPIRED", False)
    assert ledger.verify().problems == ()


def test_dispute_is_decided_by_three_people(browser: Browser, live_server: Any, tmp_path: Path) -> None:
    now = clock.now()
    buyer_, owner, operator_ = make_buyer(now=now), make_buyer(now=now), make_operator(now=now)
    market = market_of_test(live_server, tmp_path, buyer=buyer_, seller=owner, operator=operator_)
    product = make_product(
        make_seller(member=owner, now=now), product_type="MANUAL_SERVICE", prices=(ONCE,), bound=False, now=now
    )
    make_order(buyer_, offer=make_offer(product), paid=True, now=now)
    react(now=now)
    one = Supervision.objects.get()
    with (
        person(browser, market, "buyer") as buyer, person(browser, market, "seller") as seller,
        person(browser, market, "operator") as operator,
    ):  # fmt: skip
        buyer.go("/supervision/")
        buyer.page.locator("main").get_by_role("link", name=product.name_en).first.click()
        submit_act(buyer, "demand", words="Set it up for <b>30</b> people.")
        seller.go("/seller/supervision/?status=mine")
        seller.page.locator("main").get_by_role("link", name=product.name_en).first.click()
        expect(seller.page.locator("main")).to_contain_text("Set it up for <b>30</b> people.")
        submit_act(seller, "confirm")
        submit_act(seller, "deliver", words="It runs.", evidence=True)
        buyer.page.reload()
        assert save_download(buyer, "done.pdf")
        submit_act(buyer, "reject", words="It does not start.")
        seller.page.reload()
        expect(seller.page.locator("main")).to_contain_text("It does not start.")
        seller.page.get_by_text("Request an operator's decision").click()
        seller.page.locator("#appeal").fill("It starts; see the log.")
        seller.page.get_by_role("button", name="Contact the operator", exact=True).click()
        expect(seller.page.locator("main")).to_contain_text("The operator is deciding.")
        operator.go(f"/console/supervision/{one.pk}/")
        expect(operator.page.locator("main")).to_contain_text("It starts; see the log.")
        operator.page.locator("#decision-accept").check()
        operator.page.locator("#opinion").fill("The log shows it.")
        operator.press("Decide")
        expect(operator.page.locator("main")).to_contain_text("The delivery was accepted.")
        buyer.page.reload()
        expect(buyer.page.locator("main")).to_contain_text("The log shows it.")
    assert Order.objects.get().status == "completed"


def test_returned_goods_are_refunded(browser: Browser, live_server: Any, tmp_path: Path) -> None:
    """§4.7: "Hardware received: approval → buyer uploads return logistics → seller accepts"."""
    now = clock.now()
    buyer_, owner = make_buyer(now=now), make_buyer(now=now)
    market = market_of_test(live_server, tmp_path, buyer=buyer_, seller=owner)
    product = make_product(
        make_seller(member=owner, now=now), product_type="HARDWARE", prices=(ONCE,), bound=False, now=now
    )
    make_order(buyer_, offer=make_offer(product), paid=True, now=now)
    react(now=now)
    one = Supervision.objects.get()
    with person(browser, market, "buyer") as buyer, person(browser, market, "seller") as seller:
        buyer.go(f"/supervision/{one.pk}/")
        submit_act(buyer, "demand", name="Lan", phone="13800138000", address="Nanjing Road 1")
        seller.go(f"/seller/supervision/{one.pk}/")
        submit_act(seller, "ship", carrier="SF", parcel="SF1234567890")
        buyer.page.reload()
        expect(buyer.page.locator("main")).to_contain_text("SF1234567890")
        buyer.page.get_by_text("Request a refund").click()
        expect(buyer.page.locator("main")).to_contain_text(
            "Your request is sent to the seller. If the seller agrees, return the goods. The money is refunded to your balance when the seller confirms their receipt. If you keep the goods and request a partial refund, it is refunded immediately. If the seller declines, you can ask the operator to decide"
        )
        buyer.page.locator("#reason").fill("The wrong colour.")
        buyer.press("Ask the seller")
        seller.page.reload()
        expect(seller.page.locator("main")).to_contain_text("If you agree, the buyer returns the goods, and")
        seller.page.locator("#answer").fill("Send it to our warehouse.")
        seller.page.locator('button[value="agree"]').click()
        assert Order.objects.get().status == "processing", "nothing goes back before the goods do"
        buyer.page.reload()
        expect(buyer.page.locator("main")).to_contain_text("Send it to our warehouse.")
        submit_act(buyer, "ship_back", carrier="SF", parcel="SF0987654321")
        seller.page.reload()
        expect(seller.page.locator("main")).to_contain_text("SF0987654321")
        submit_act(seller, "take_back")
        buyer.page.reload()
        expect(buyer.page.locator("main")).to_contain_text(
            "The delivery was cancelled. The full payment was refunded to the buyer's balance"
        )
    assert (Order.objects.get().status, ledger.verify().problems) == ("refunded", ())
