"""The industrial road in chromium: a new company goes from nothing to a sold license by the words and links of the
pages alone (joint.md §5; issue 14, must show 4). The operator's part is in test_industrial_road.
``TRADEPOST_TEST_SHOTS`` names a folder for screenshots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.people import Person, person
from tests.browser.typing_company import fill, send
from tests.check.kit_seller import KEY
from tests.check.mutants.any_shop import any_seller
from tests.factories import make_operator
from tests.factories.assets import package
from tests.factories.companies import certification
from tests.factories.people import PASSWORD, make_buyer
from tests.factories.pictures import PDF, picture_file
from tests.factories.products import make_category
from tests.factories.publishable import BODY_EN, BODY_ZH
from tests.journeys.browsing import Person as Clerk
from tests.journeys.entering import approve, sign_in, wait_for_status
from tests.journeys.in_chromium import buy, chromium_beside_django, market_of_test, take_screenshot
from tests.journeys.industrial_seller import Industrial
from tests.journeys.speaking import serving
from tests.kit.servers import free_port
from tests.market.working import working
from tests.waiting import until
from tradepost.kit import GetLicenseAsync
from tradepost.kit.client import MarketClient
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog.models import Product
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import AccessKey, Seller
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.product_types.roads.industrial import ITEMS
from tradepost.market.review.models import Submission
from tradepost.market.subscriptions.models import Subscription

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
PNG, PDF_FILE = "image/png", {"name": "proof.pdf", "mimeType": "application/pdf", "buffer": PDF}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with chromium_beside_django(chromium) as started:
        yield started


class Stranger:
    """A person who follows the links of the road."""

    def __init__(self, owner: Person) -> None:
        self.owner, self.page = owner, owner.page

    def look(self, name: str) -> None:
        take_screenshot(self.owner, name)

    def road(self, done: int) -> Locator:
        """Return the current step."""
        self.page.locator('nav a[href="/seller/road/"]').first.click()
        expect(self.page.locator("main")).to_contain_text(f"{done} of 8 steps done")
        self.look("road")
        return self.page.locator('.sc-road > li[aria-current="step"]')

    def follow(self, done: int, words: str = "") -> None:
        """Follow the first link of what the step says is missing, or the one with these words."""
        links = self.road(done).get_by_role("link")
        (links.filter(has_text=words) if words else links).first.click()
        self.look(words[:20].replace(" ", "-") or "follows")

    def type_into(self, typed: Mapping[str, str]) -> None:
        for name, value in typed.items():
            field = self.page.locator(f'[name="{name}"]').first
            match field.evaluate("one => one.type"):
                case "checkbox" | "radio":
                    self.page.locator(f'[name="{name}"][value="{value}"]').check()
                case "select-one":
                    field.select_option(value)
                case _:
                    if field.is_hidden():  # the HTML of an editor
                        field.locator("xpath=..").locator('[data-rich-act="source"]').click()
                    field.fill(value)


def test_new_seller_sells_a_license_by_following_the_pages(
    browser: Browser, live_server: Any, tmp_path: Path, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_RATE_LIMITS = False
    make_category()
    make_first(Agreement.objects)
    now, port = clock.now(), free_port()
    clerk = sign_in(make_operator(now=now))
    market = market_of_test(live_server, tmp_path, buyer=make_buyer(now=now))
    made = any_seller(tmp_path, "license_online", Industrial)
    assert isinstance(made, Industrial)
    made.on_other(GetLicenseAsync)(made.on_license)
    with person(browser, market) as owner, serving(made, port):
        _sign_up(owner)
        with working():
            stranger = Stranger(owner)
            seller = _apply_as_company(stranger, clerk, tmp_path)
            _complete_checklist(stranger)
            _set_up_server_and_keys(stranger, made, port, live_server.url)
            _write_product(stranger)
            _debug(stranger)
            _try_apis(stranger, made)
            _publish_package(stranger, clerk, tmp_path)
            _submit(stranger, clerk, seller)
            with person(browser, market, "buyer") as buyer:
                _buy(buyer)
            stranger.page.locator('nav a[href="/seller/road/"]').first.click()
            expect(stranger.page.locator("main")).to_contain_text("1 license was delivered to a buyer.")
            stranger.look("sold")


def _sign_up(owner: Person) -> None:
    owner.go("/account/signup/")
    owner.page.locator("[name=email]").fill("shen@qingxie.example")
    owner.page.locator("[name=password1]").fill(PASSWORD)
    owner.page.locator("[name=privacy]").check()
    owner.page.locator("main form button[type=submit]").last.click()
    until(NoticeDelivery.objects.exists, what="a mail is written")
    mail = str(compose(NoticeDelivery.objects.latest("pk"), Site(config().base_url)).body)
    link = re.search(r"\S+/account/confirm-email/\S+", mail)
    assert link is not None
    owner.go(link[0].removeprefix(config().base_url))
    owner.page.locator("main form button[type=submit]").click()
    expect(owner.page.locator("summary.tp-tool")).to_be_visible()


def _apply_as_company(stranger: Stranger, clerk: Clerk, folder: Path) -> Seller:
    owner, logo = stranger.owner, folder / "logo.png"
    logo.write_bytes(picture_file(width=336, height=140))
    owner.go("/")
    owner.page.locator("footer").get_by_role("link", name="Sell on this store").click()
    stranger.look("enter")
    owner.press("Start the application")
    stranger.road(0)
    stranger.follow(0)
    owner.page.locator('main a[href*="/seller/company/draft/"]').first.click()
    fill(owner, owner.market, logo)
    send(owner)
    sent = Submission.objects.latest("pk")
    wait_for_status(sent, "pending")
    stranger.road(0)
    approve(clerk, sent)
    seller = Seller.objects.get()
    stranger.follow(0, "certification")
    owner.page.locator("main").get_by_role("button", name=re.compile("certification")).first.click()
    stranger.look("certify")
    stranger.type_into(certification(seller))
    for box in owner.page.locator("[name^=agreement_]").all():
        box.check()
    owner.page.locator('main button[value="submit"]').click()
    owner.page.wait_for_url("**/seller/submissions/*/")
    sent = Submission.objects.latest("pk")
    wait_for_status(sent, "pending")
    approve(clerk, sent)
    stranger.follow(0, "agreement")
    owner.page.locator("[name=agreed]").first.check()
    owner.page.locator("main form button[type=submit]").first.click()
    return seller


def _complete_checklist(stranger: Stranger) -> None:
    stranger.follow(1)
    page = stranger.page
    for code, item in ITEMS.items():
        page.locator(f"#says-{code}-{'not_needed' if item.optional else 'met'}").check()
        if item.optional:
            page.locator(f"#note-{code}").fill("Our software has none of it.")
    page.locator("main form button.btn-primary").click()
    expect(page.locator("body")).to_contain_text("Saved")


def _set_up_server_and_keys(stranger: Stranger, made: Industrial, port: int, market: str) -> None:
    page = stranger.page
    stranger.follow(2)
    page.locator("[name=url]").fill(f"http://127.0.0.1:{port}/produce")
    expect(page.locator("[name=protocol] option:checked")).to_have_text("Online License")
    page.locator("main form button.btn-primary").first.click()
    stranger.look("address")
    stranger.follow(3, "signing key")
    page.locator("main button[data-dialog]").filter(has_text="Create").first.click()
    page.locator("dialog[open] summary").click()
    page.locator("dialog[open] [name=secret]").fill(KEY)
    page.locator("dialog[open] button[type=submit]").click()
    stranger.look("key")
    stranger.follow(3, "access key")
    page.get_by_role("button", name="Create an access key").click()
    stranger.look("access-key")
    shown = page.locator("main").inner_text()
    key = AccessKey.objects.get()
    assert key.access_key in shown
    made.client = MarketClient(market, key.access_key, unseal(key.sealed))


def _write_product(stranger: Stranger) -> None:
    page = stranger.page
    stranger.follow(4)
    page.locator('[name=kind][value="LICENSE"]').check()
    page.locator('[name="name.zh"]').fill("云图设计")
    page.locator('[name="name.en"]').fill("Cloud Draw")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/seller/products/*/**")
    stranger.follow(4, "price")
    page.locator('button[value="add-spec"]').click()
    page.get_by_role("button", name="Yearly").click()
    stranger.look("prices")
    stranger.type_into(
        {"specs.0.name.zh": "专业版", "specs.0.name.en": "Pro", "specs.0.rows.0.cells.0.0": "1000"}
    )  # fmt: skip
    page.locator('main button[value="save"]').first.click()
    stranger.look("priced")
    stranger.follow(4, "is not bound to an “Online License” production address yet")
    stranger.look("to-bind")
    page.get_by_label("Production address of Cloud Draw").select_option(index=1)
    page.get_by_role("button", name="Use this address").click()


def _debug(stranger: Stranger) -> None:
    page = stranger.page
    for _case in range(5):
        stranger.follow(4, "is not debugged yet")
        page.get_by_role("button", name="Debug and save").click()
        page.wait_for_url("**run=*")
        expect(page.locator("#sc-standing")).to_contain_text(re.compile("Passed|Saved|debugged", re.IGNORECASE))
        stranger.look("debugged")


def _try_apis(stranger: Stranger, made: Industrial) -> None:
    stranger.follow(5)
    sample = stranger.page.locator("main").inner_text()
    event = re.search(r'upload_text\("([^"]+)"', sample)
    assert event is not None, sample
    made.client.order("MOCKPERIODYEARNEW")
    made.client.upload_text(event[1], "LICENSE-TEXT")
    made.client.upload_file(event[1], "license.lic", b"\0license")


def _publish_package(stranger: Stranger, clerk: Clerk, folder: Path) -> None:
    page, file = stranger.page, folder / "cloud-draw.zip"
    file.write_bytes(package())
    stranger.follow(6)
    page.get_by_role("button", name="New asset").click()
    page.get_by_label("Name of the asset").fill("Cloud Draw")
    page.get_by_label("Software package").check()
    page.get_by_role("button", name="Create the asset").click()
    page.get_by_label("Version", exact=True).fill("1.0")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    until(lambda: Submission.objects.filter(kind="asset", status="pending").exists(), within=60, what="it is checked")
    stranger.look("uploaded")
    approve(clerk, Submission.objects.get(kind="asset"))


def _submit(stranger: Stranger, clerk: Clerk, seller: Seller) -> None:
    page = stranger.page
    stranger.follow(7)
    product = Submission.objects.count()
    page.locator('main a[href*="/draft/base/"]').first.click()
    stranger.look("base")
    stranger.type_into(
        {
            "summary.zh": "面向中小企业的设计软件。", "summary.en": "Drawing for smaller companies.", "category": "office",
        }
    )  # fmt: skip
    page.locator('main button[value="save"]').first.click()
    for section, typed in {
        "description": {"body.zh": BODY_ZH, "body.en": BODY_EN},
        "guide": {"body.zh": "<p>打开软件并导入许可证。</p>", "body.en": "<p>Import the license.</p>"},
        "support": {
            "hours.zh": "周一至周五 9:00–18:00", "hours.en": "Monday to Friday, 9 to 18", "content.zh": "使用咨询。",
            "content.en": "Questions.", "email": "help@qingxie.example", "phone": "400-800-1234",
        },
    }.items():  # fmt: skip
        page.locator(f'main a[href$="/draft/{section}/"]').first.click()
        stranger.type_into(typed)
        with page.expect_navigation():
            page.locator('main button[value="save"]').first.click()
        stranger.look(section)
    page.locator('main a[href$="/draft/media/"]').first.click()
    page.locator('[name="logo_file"]').set_input_files(
        {"name": "logo.png", "mimeType": PNG, "buffer": picture_file(width=240, height=240)}
    )
    page.locator('[name="pictures.0_file"]').set_input_files(
        {"name": "main.png", "mimeType": PNG, "buffer": picture_file()}
    )
    with page.expect_navigation():  # the editor may be autosaving, and sends this afterwards
        page.locator('main button[value="save"]').first.click()
    stranger.look("media")
    page.locator('main a[href$="/draft/details/"]').first.click()
    page.locator('[name="proofs.software_copyright_file"]').set_input_files(PDF_FILE)  # type: ignore[arg-type]
    with page.expect_navigation():
        page.locator('main button[value="save"]').first.click()
    stranger.look("details")
    stranger.follow(7)
    stranger.look("submit")
    for box in page.locator("[name^=agreement_]").all():
        box.check()
    page.locator("main form button.btn-primary").click()
    until(
        lambda: Submission.objects.count() > product and Submission.objects.latest("pk").status == "pending",
        within=60, what="the checks end",
    )  # fmt: skip
    stranger.look("sent")
    seen = approve(clerk, Submission.objects.latest("pk"))
    assert f"{len(ITEMS)} of {len(ITEMS)} items answered" in seen
    assert seller.products.get().status == "on_sale"


def _buy(buyer: Person) -> None:
    buy(buyer, Product.objects.get(), "PERIOD-year")
    until(lambda: Subscription.objects.filter(status="active").exists(), within=60, what="it is opened")
    buyer.go(f"/services/{Subscription.objects.get().pk}/")
    buyer.page.locator("#sf-fingerprint").fill("MAC-1|DISK-2")
    buyer.press("Apply for a license")
    until(lambda: LicenseRequest.objects.filter(status="delivered").exists(), within=60, what="the license comes")
    buyer.page.reload()
    buyer.press("Show")
    expect(buyer.page.locator("[data-secret] code")).to_contain_text("license of MAC-1|DISK-2")
