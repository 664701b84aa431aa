"""The industrial road: a new company goes from nothing to a sold license by the page of the road alone, which says at each step what
lacks and leads to where it is mended (joint.md §5, business-rules §2.5; issue 14, must show 4)."""

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
from tests.journeys.buying import delivered, order
from tests.journeys.entering import applies, approves, became, is_certified, sends_company, signed_in, signed_up
from tests.journeys.industrial_seller import Industrial
from tests.journeys.publishing import begin, debug_all, hand_in, hand_in_files, price, serve_at
from tests.journeys.speaking import up
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
    """Whoever reads the road: where it stands, what it says, and where it leads."""

    def __init__(self, owner: Person) -> None:
        self.owner = owner

    def stands_at(self, step: str, *words: str, done: int) -> list[str]:
        """The step that is the seller's turn, and what it says; the addresses to which it leads."""
        page = self.owner.read(ROAD)
        assert f"{done} of 8 steps done" in page, strip_tags(page)
        found = HERE.search(page)
        assert found is not None, strip_tags(page)
        assert f'id="step-{step}"' in found[1]
        said = " ".join(unescape(strip_tags(found[1])).split())
        assert [one for one in words if one not in said] == [], said
        return re.findall(r'href="([^"]+)"', found[1])


def test_a_new_company_walks_from_nothing_to_a_sold_license(tmp_path: Path, live_server: Any, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_RATE_LIMITS = False
    make_category()
    make_first(Agreement.objects)
    owner, buyer = signed_up("shen@qingxie.example"), signed_up("lin@lantian.example", language="zh-hans")
    console = signed_in(make_operator(now=clock.now()))
    made, port = any_seller(tmp_path, "license_online", Industrial), free_port()
    assert isinstance(made, Industrial)
    made.on_other(GetLicenseAsync)(made.on_license)
    with site() as website, working(), up(made, port):
        seller = _company(owner, console, website)
        _checklist(owner)
        _server_and_keys(owner, made, f"http://127.0.0.1:{port}/produce", live_server.url)
        product = _debugged(owner, seller, f"http://127.0.0.1:{port}/produce")
        _tries_the_apis(owner, made.client)
        _package(owner, console)
        assert Walker(owner).stands_at("license", "is not handed in yet", done=7) == [
            f"/seller/products/{product.pk}/submit/"
        ]
        seen = approves(console, hand_in(owner, product))
        assert f"{len(ITEMS)} of {len(ITEMS)} items answered" in seen, "whoever reviews reads the checklist"
        assert "Your license is on sale." in owner.read(ROAD)
        assert "No buyer has received one yet." in owner.text
        _sold(console, buyer, product)
        assert "1 license was delivered to a buyer." in owner.read(ROAD)


def _company(owner: Person, console: Person, website: str) -> Seller:
    assert "from the application to the first license sold" in owner.read("/seller/enter/")
    seller = applies(owner)
    assert 'href="/seller/road/"' in owner.read("/seller/company/"), "an applicant finds it as well"
    walker = Walker(owner)
    assert walker.stands_at("company", "is not sent yet", done=0) == ["/seller/company/"]
    sent = sends_company(owner, website=website)
    became(sent, "pending")
    assert walker.stands_at("company", "is being reviewed", "being looked at", done=0) == []
    assert owner.get("/seller/road/retrofit/").status_code == 302, "more than the road is not open to an applicant"
    approves(console, sent)
    assert "/seller/company/" in walker.stands_at("company", "certification is missing", done=0)
    is_certified(owner, console, seller)
    assert walker.stands_at("company", "Product service agreement", done=0) == ["/seller/company/agreements/"]
    owner.read("/seller/company/agreements/")
    owner.send(owner.action("/seller/company/agreements/"), agreed="on")
    return seller


def _checklist(owner: Person) -> None:
    at = "/seller/road/retrofit/"
    assert Walker(owner).stands_at("retrofit", f"{len(ITEMS)} of {len(ITEMS)} items", done=1) == [at]
    owner.read(at)
    optional = {code for code, item in ITEMS.items() if item.optional}
    answers = {f"says.{code}": "not_needed" if code in optional else "met" for code in ITEMS}
    owner.send(at, answers, status=422)
    assert "Say why it does not apply to your software" in owner.text
    assert RetrofitAnswer.objects.count() == 0, "nothing was kept"
    owner.send(at, answers | {f"note.{code}": "Our software has none of it." for code in optional})
    assert RetrofitAnswer.objects.count() == len(ITEMS)


def _server_and_keys(owner: Person, made: Industrial, url: str, market: str) -> None:
    walker = Walker(owner)
    assert walker.stands_at("server", "No production address", done=2) == [
        "/seller/addresses/new/?protocol=license_online"
    ]
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="127.0.0.1")
    owner.read("/seller/addresses/new/")
    owner.send("/seller/addresses/new/", url=url, protocol="license_online")
    assert set(walker.stands_at("keys", "no signing key", "no access key", done=3)) == {"/seller/keys/"}
    owner.read("/seller/keys/")
    owner.send("/seller/keys/signing/base/", secret=KEY, status=200)
    owner.read("/seller/keys/")
    action = owner.action("/seller/keys/access/")
    owner.send(action, status=200)
    made.client = _client_of(owner, market)


def _client_of(owner: Person, market: str) -> MarketClient:
    """With the pair that the page shows once."""
    key = AccessKey.objects.get()
    secret = unseal(key.sealed)
    assert key.access_key in owner.text
    assert secret in owner.text
    return MarketClient(market, key.access_key, secret)


def _debugged(owner: Person, seller: Seller, url: str) -> Product:
    walker = Walker(owner)
    assert walker.stands_at("debugged", "Begin it: a name is enough", done=4) == ["/seller/products/new/"]
    product = begin(owner, "LICENSE", zh="云图设计", en="Cloud Draw")
    draft, own = f"/seller/products/{product.pk}/draft/pricing/", "/seller/addresses/"
    assert walker.stands_at("debugged", "has no price yet", "“Cloud Draw” is not served at an address", done=4) == [
        draft,
        own,
    ]
    price(
        owner, product, "add-spec", "add-plan=year:0",
        typed={"specs.0.name.zh": "专业版", "specs.0.name.en": "Pro", "specs.0.rows.0.cells.0.0": "1000"},
    )  # fmt: skip
    address = serve_at(owner, product, url, "license_online")
    leads = walker.stands_at("debugged", "getLicenseAsync", "is not debugged yet", done=4)
    assert f"/seller/debug/{address.pk}/getLicenseAsync/" in leads
    assert ApiTrial.objects.count() == 0
    assert debug_all(owner, product, address) == 5
    hand_in_files(owner, product, "software_copyright")
    return product


def _tries_the_apis(owner: Person, client: MarketClient) -> None:
    """The three lines that the page shows, with the event that it names."""
    walker, at = Walker(owner), "/seller/road/apis/"
    leads = walker.stands_at("apis", "MOCKPERIODYEARNEW", "No text was uploaded", "No file was uploaded", done=5)
    assert set(leads) == {at}
    sample = unescape(strip_tags(owner.read(at)))
    event = re.search(r'upload_text\("([^"]+)"', sample)
    assert event is not None
    assert client.order("MOCKPERIODYEARNEW").order_type == "NEW"
    walker.stands_at("apis", "No text was uploaded", done=5)
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


def _package(owner: Person, console: Person) -> None:
    walker = Walker(owner)
    assert walker.stands_at("asset", "No software package is uploaded yet", done=6) == ["/seller/assets/"]
    owner.read("/seller/assets/")
    owner.send("/seller/assets/new/", kind="package", name="Cloud Draw")
    asset, content = Asset.objects.get(), package()
    token = owner.cookies["csrftoken"].value
    about = tus.metadata(asset=asset.pk, label="1.0", filename="cloud-draw.zip")
    begun = tus.ask(owner, "POST", tus.UPLOADS, Upload_Length=len(content), Upload_Metadata=about, X_CSRFToken=token)
    tus.patch(owner, begun["Location"], 0, content, X_CSRFToken=token)
    until(lambda: Submission.objects.filter(kind="asset", status="pending").exists(), within=60, what="it is checked")
    walker.stands_at("asset", "is being looked at", done=6)
    approves(console, Submission.objects.get(kind="asset"))
    assert AssetVersion.objects.get().status == "approved"


def _sold(console: Person, buyer: Person, product: Product) -> None:
    account = f"/console/accounts/{buyer.session['_auth_user_id']}/"
    console.read(account)
    console.send(f"{account}top-up/", amount="5000", reference="BANK-20261126-8", status=200)
    console.send(f"{account}top-up/", confirmed="1")
    held = delivered(order(buyer, product, plan="PERIOD-year", total="100000"))
    assert buyer.post(f"/services/{held.pk}/licenses/", {"fingerprint": "MAC-1|DISK-2"}).status_code == 302
    until(lambda: LicenseRequest.objects.filter(status="delivered").exists(), what="the license comes")
    own = LicenseRequest.objects.get()
    assert buyer.post(f"/services/{held.pk}/licenses/{own.pk}/").content.decode() == "license of MAC-1|DISK-2"
