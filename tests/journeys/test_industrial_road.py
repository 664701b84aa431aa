"""The industrial road: a new company goes from nothing to a sold license by its page alone, which names what is missing
at each step and links to where to complete it (joint.md §5, business-rules §2.5; issue 14, must show 4).
"""

from __future__ import annotations

import hashlib
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.utils.html import strip_tags

from tests.check.kit_seller import KEY
from tests.check.mutants.any_shop import any_seller
from tests.factories import make_operator
from tests.factories.assets import package
from tests.factories.products import make_category
from tests.factories.websites import site
from tests.journeys.browsing import Person
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.entering import (
    approve,
    certify,
    open_application,
    sign_in,
    sign_up,
    submit_company,
    wait_for_status,
)
from tests.journeys.industrial_seller import Industrial
from tests.journeys.publishing import begin, debug_all, price, serve_at, submit, upload_files
from tests.journeys.speaking import serving
from tests.kit.servers import free_port
from tests.market.assets import tus_world as tus
from tests.market.working import working
from tests.waiting import until
from tradepost.kit import GetLicenseAsync
from tradepost.kit.client import MarketClient, MarketError
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.base import clock
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import ApiTrial
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import AccessKey, Seller
from tradepost.market.industrial_road.models import RetrofitAnswer
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.product_types.roads.industrial import ITEMS
from tradepost.market.review.models import Submission

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
ROAD, HERE = "/seller/road/", re.compile(r'aria-current="step">(.*?)</li>\s*(?:<li class="card"|</ol>)', re.DOTALL)


class Walker:
    """A seller who reads the road: the current step, its text, and its links."""

    def __init__(self, owner: Person) -> None:
        self.owner = owner

    def current_step(self, step: str, *words: str, done: int) -> list[str]:
        """Check the step that the seller has to do. Return its text and the addresses that it links to."""
        page = self.owner.read(ROAD)
        assert f"{done} of 8 steps done" in page, strip_tags(page)
        found = HERE.search(page)
        assert found is not None, strip_tags(page)
        assert f'id="step-{step}"' in found[1]
        said = " ".join(unescape(strip_tags(found[1])).split())
        assert [one for one in words if one not in said] == [], said
        return re.findall(r'href="([^"]+)"', found[1])


@pytest.mark.slow
def test_new_company_goes_from_nothing_to_a_sold_license(tmp_path: Path, live_server: Any, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_RATE_LIMITS = False
    make_category()
    make_first(Agreement.objects)
    owner, buyer = sign_up("shen@qingxie.example"), sign_up("lin@lantian.example", language="zh-hans")
    console = sign_in(make_operator(now=clock.now()))
    made, port = any_seller(tmp_path, "license_online", Industrial), free_port()
    assert isinstance(made, Industrial)
    made.on_other(GetLicenseAsync)(made.on_license)
    with site() as website, working(), serving(made, port):
        seller = _company(owner, console, website)
        _complete_checklist(owner)
        _set_up_server_and_keys(owner, made, f"http://127.0.0.1:{port}/produce", live_server.url)
        product = _debug(owner, seller, f"http://127.0.0.1:{port}/produce")
        _try_apis(owner, made.client)
        _publish_package(owner, console)
        assert Walker(owner).current_step("license", "has not been submitted yet", done=7) == [
            f"/seller/products/{product.pk}/submit/"
        ]
        seen = approve(console, submit(owner, product))
        assert f"{len(ITEMS)} of {len(ITEMS)} items answered" in seen, "whoever reviews reads the checklist"
        assert "Your license is on sale." in owner.read(ROAD)
        assert "No buyer has received one yet." in owner.text
        _sell(console, buyer, product)
        assert "1 license was delivered to a buyer." in owner.read(ROAD)


def _company(owner: Person, console: Person, website: str) -> Seller:
    assert "from the application to the first license sold" in owner.read("/seller/enter/")
    seller = open_application(owner)
    assert 'href="/seller/road/"' in owner.read("/seller/company/"), "an applicant finds it as well"
    walker = Walker(owner)
    assert walker.current_step("company", "Your entry application has not been submitted yet", done=0) == [
        "/seller/company/"
    ]
    sent = submit_company(owner, website=website)
    wait_for_status(sent, "pending")
    assert walker.current_step("company", "is being reviewed", "being looked at", done=0) == []
    assert owner.get("/seller/road/retrofit/").status_code == 302, "more than the road is not open to an applicant"
    approve(console, sent)
    assert "/seller/company/" in walker.current_step("company", "certification is missing", done=0)
    certify(owner, console, seller)
    assert walker.current_step("company", "Product service agreement", done=0) == ["/seller/company/agreements/"]
    owner.read("/seller/company/agreements/")
    owner.send(owner.action("/seller/company/agreements/"), agreed="on")
    return seller


def _complete_checklist(owner: Person) -> None:
    at = "/seller/road/retrofit/"
    assert Walker(owner).current_step("retrofit", f"{len(ITEMS)} of {len(ITEMS)} items", done=1) == [at]
    owner.read(at)
    optional = {code for code, item in ITEMS.items() if item.optional}
    answers = {f"says.{code}": "not_needed" if code in optional else "met" for code in ITEMS}
    owner.send(at, answers, status=422)
    assert "Explain why it does not apply to your software" in owner.text
    assert RetrofitAnswer.objects.count() == 0, "nothing was kept"
    owner.send(at, answers | {f"note.{code}": "Our software has none of it." for code in optional})
    assert RetrofitAnswer.objects.count() == len(ITEMS)


def _set_up_server_and_keys(owner: Person, made: Industrial, url: str, market: str) -> None:
    walker = Walker(owner)
    assert walker.current_step("server", "No production address", done=2) == [
        "/seller/addresses/new/?protocol=license_online"
    ]
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="127.0.0.1")
    owner.read("/seller/addresses/new/")
    owner.send("/seller/addresses/new/", url=url, protocol="license_online")
    assert set(walker.current_step("keys", "no signing key", "no access key", done=3)) == {"/seller/keys/"}
    owner.read("/seller/keys/")
    owner.send("/seller/keys/signing/base/", secret=KEY, status=200)
    owner.read("/seller/keys/")
    action = owner.action("/seller/keys/access/")
    owner.send(action, status=200)
    made.client = _client_of(owner, market)


def _client_of(owner: Person, market: str) -> MarketClient:
    """Return a client with the key pair that the page shows once."""
    key = AccessKey.objects.get()
    secret = unseal(key.sealed)
    assert key.access_key in owner.text
    assert secret in owner.text
    return MarketClient(market, key.access_key, secret)


def _debug(owner: Person, seller: Seller, url: str) -> Product:
    walker = Walker(owner)
    assert walker.current_step(
        "debugged",
        "There is no product of the type “License, issued online” yet. Create one; only a name is required",
        done=4,
    ) == ["/seller/products/new/"]
    product = begin(owner, "LICENSE", zh="云图设计", en="Cloud Draw")
    draft, own = f"/seller/products/{product.pk}/draft/pricing/", "/seller/addresses/"
    assert walker.current_step("debugged", "has no price yet", "“Cloud Draw” is not served at an address", done=4) == [
        draft,
        own,
    ]
    price(
        owner, product, "add-spec", "add-plan=year:0",
        fields={"specs.0.name.zh": "专业版", "specs.0.name.en": "Pro", "specs.0.rows.0.cells.0.0": "1000"},
    )  # fmt: skip
    address = serve_at(owner, product, url, "license_online")
    leads = walker.current_step("debugged", "getLicenseAsync", "is not debugged yet", done=4)
    assert f"/seller/debug/{address.pk}/getLicenseAsync/" in leads
    assert ApiTrial.objects.count() == 0
    assert debug_all(owner, product, address) == 5
    upload_files(owner, product, "software_copyright")
    return product


def _try_apis(owner: Person, client: MarketClient) -> None:
    """Run the three lines that the page shows, with the event that it names."""
    walker, at = Walker(owner), "/seller/road/apis/"
    leads = walker.current_step("apis", "MOCKPERIODYEARNEW", "No text was uploaded", "No file was uploaded", done=5)
    assert set(leads) == {at}
    sample = unescape(strip_tags(owner.read(at)))
    event = re.search(r'upload_text\("([^"]+)"', sample)
    assert event is not None
    assert client.order("MOCKPERIODYEARNEW").order_type == "NEW"
    walker.current_step("apis", "No text was uploaded", done=5)
    client.upload_text(event[1], "LICENSE-TEXT")
    client.upload_text(event[1], "LICENSE-TEXT 2")
    client.upload_file(event[1], "license.lic", b"\0license")
    with pytest.raises(MarketError, match="91381034"):
        client.upload_text("no-such-event", "LICENSE-TEXT")
    assert sorted(ApiTrial.objects.values_list("what", flat=True)) == ["event", "file", "query", "text"]
    assert LicenseRequest.objects.count() == 0, "nobody's license"
    shown = strip_tags(owner.read(at))
    assert "license.lic" in shown
    assert hashlib.sha256(b"\0license").hexdigest() in shown


def _publish_package(owner: Person, console: Person) -> None:
    walker = Walker(owner)
    assert walker.current_step("asset", "No software package is uploaded yet", done=6) == ["/seller/assets/"]
    owner.read("/seller/assets/")
    owner.send("/seller/assets/new/", kind="package", name="Cloud Draw")
    asset, content = Asset.objects.get(), package()
    token = owner.cookies["csrftoken"].value
    about = tus.metadata(asset=asset.pk, label="1.0", filename="cloud-draw.zip")
    begun = tus.ask(owner, "POST", tus.UPLOADS, Upload_Length=len(content), Upload_Metadata=about, X_CSRFToken=token)
    tus.patch(owner, begun["Location"], 0, content, X_CSRFToken=token)
    until(lambda: Submission.objects.filter(kind="asset", status="pending").exists(), within=60, what="it is checked")
    walker.current_step("asset", "is being scanned or reviewed", done=6)
    approve(console, Submission.objects.get(kind="asset"))
    assert AssetVersion.objects.get().status == "approved"


def _sell(console: Person, buyer: Person, product: Product) -> None:
    account = f"/console/accounts/{buyer.session['_auth_user_id']}/"
    console.read(account)
    console.send(f"{account}top-up/", amount="5000", reference="BANK-20261126-8", status=200)
    console.send(f"{account}top-up/", confirmed="1")
    held = wait_until_delivered(order(buyer, product, plan="PERIOD-year", total="100000"))
    assert buyer.post(f"/services/{held.pk}/licenses/", {"fingerprint": "MAC-1|DISK-2"}).status_code == 302
    until(lambda: LicenseRequest.objects.filter(status="delivered").exists(), what="the license comes")
    own = LicenseRequest.objects.get()
    assert buyer.post(f"/services/{held.pk}/licenses/{own.pk}/").content.decode() == "license of MAC-1|DISK-2"
