"""Must show 1 of issue 9 as one journey, over the pages as a browser posts them, with the real worker, on both
databases: a new company applies, is rejected and admitted, debugs against its own server, and publishes; a stranger
finds the product, buys it and it is delivered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.kit_seller import KEY, any_seller
from tests.factories import make_operator
from tests.factories.products import make_category
from tests.factories.websites import site
from tests.journeys.browsing import Person
from tests.journeys.buying import wait_until_delivered
from tests.journeys.entering import (
    approve,
    certify,
    correct,
    open_application,
    reject,
    sign_in,
    sign_up,
    submit_company,
    wait_for_status,
)
from tests.journeys.publishing import begin, debug_all, document_of, price, serve_at, submit, upload_files, write
from tests.market.working import working
from tests.waiting import until
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.company_models import Acceptance, Agreement, Company
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import Domain, Seller, SigningKey
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.review.models import Submission

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.slow
def test_new_company_sells_software_a_license_and_a_service(tmp_path: Path, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # as settings.py sets it where mails are sent
    settings.ACCOUNT_RATE_LIMITS = False
    make_category()
    make_first(Agreement.objects)
    now = clock.now()
    owner, stranger = sign_up("shen@qingxie.example"), sign_up("lin@lantian.example", language="zh-hans")
    console = sign_in(make_operator(now=now))
    with site() as website, site(404) as gone, working():
        seller = _admit_company(owner, console, website, gone)
        _bind_key_and_prove_domain(owner, seller)
        _top_up(console, stranger, "5000")
        with running(any_seller(tmp_path, "saas_v2")) as url:
            _sell_software(owner, console, stranger, url)
        with running(any_seller(tmp_path, "license_online")) as url:
            _sell_license(owner, console, stranger, url)
        _sell_service(owner, console, stranger)
    assert Seller.objects.get() == seller


def _admit_company(owner: Person, console: Person, website: str, gone: str) -> Seller:
    """A check rejects it, then an operator, then it is admitted (business-rules §1.4)."""
    seller = open_application(owner)
    first = submit_company(owner, website=gone)
    wait_for_status(first, "failed")
    assert "The website answered with status 404" in owner.read(f"/seller/submissions/{first.pk}/")
    correct(owner, first)
    second = submit_company(owner, website=website)
    wait_for_status(second, "pending")
    assert "An operator decides it by" in owner.read(f"/seller/submissions/{second.pk}/")
    reject(console, second, company="The capital is not that of the <b>register</b>.")
    read = owner.read(f"/seller/submissions/{second.pk}/")
    assert "The capital is not that of the &lt;b&gt;register&lt;/b&gt;." in read
    correct(owner, second)
    third = submit_company(owner, website=website, capital="8000000")
    wait_for_status(third, "pending")
    console.read(f"/console/reviews/{third.pk}/")
    console.send(f"/console/reviews/{third.pk}/approve/", checklist=["presence"], status=422)
    assert Submission.objects.get(pk=third.pk).status == "pending", "every point of the list is to be ticked"
    shown = approve(console, third)
    assert "The capital is not that of the &lt;b&gt;register" in shown, "what was said before stands beside it"
    seller.refresh_from_db()
    assert (seller.status, Company.objects.get(seller=seller).capital) == ("active", 8_000_000)
    until(lambda: Notice.objects.filter(kind="seller_submission_approved").exists(), what="the seller is told")
    told = Notice.objects.filter(kind__startswith="seller_submission").order_by("pk").values_list("kind", flat=True)
    assert [kind.rpartition("_")[2] for kind in told] == ["failed", "rejected", "approved"]
    mailed = NoticeDelivery.objects.filter(notice__kind="seller_submission_approved", channel="mail").count()
    assert mailed == 2, "to the person and to the service mailbox"
    assert Notice.objects.filter(kind="operator_submission_sent").count() == 2, (
        "what a check refused reached no operator"
    )
    assert "The business certification is missing" in owner.read("/seller/company/")
    assert {one.by_email for one in Acceptance.objects.filter(seller=seller)} == {"shen@qingxie.example"}
    certify(owner, console, seller)
    return seller


def _bind_key_and_prove_domain(owner: Person, seller: Seller) -> None:
    """saas-v2 §1.2, §1.3: the key that its server has, and the domain, alone, before any address stands on it."""
    owner.read("/seller/keys/")
    owner.send("/seller/keys/signing/base/", secret=KEY, status=200)
    assert SigningKey.objects.get(seller=seller).interface_class == "base"
    assert KEY not in owner.read("/seller/keys/"), "a key shows once"
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="api.qingxie.example")
    assert "tradepost-domain=" in owner.text
    owner.read("/seller/addresses/new/")
    owner.send(
        "/seller/addresses/new/", url="https://api.qingxie.example/produce", protocol="saas_v2", status=422
    )  # fmt: skip
    assert "Verify the domain api.qingxie.example first" in owner.text
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="127.0.0.1")
    assert "127.0.0.1 is verified, because this is a sandbox" in owner.text
    assert dict(Domain.objects.values_list("host", "status")) == {
        "api.qingxie.example": "pending",
        "127.0.0.1": "verified",
    }


def _top_up(console: Person, buyer: Person, amount: str) -> None:
    """Enter a transfer that arrived at the bank, as an operator."""
    account = f"/console/accounts/{buyer.session['_auth_user_id']}/"
    console.read(account)
    console.send(f"{account}top-up/", amount=amount, reference="BANK-20261126-7", status=200)
    console.send(f"{account}top-up/", confirmed="1")
    assert "5,000.00 was added to the balance" in console.text


def _sell_software(owner: Person, console: Person, stranger: Person, url: str) -> None:
    product = _write_software(owner)
    document = document_of(product)
    refused = owner.post(f"/seller/products/{product.pk}/submit/")
    assert refused.status_code == 422, "nothing serves it yet"
    address = serve_at(owner, product, url, "saas_v2")
    assert debug_all(owner, product, address) >= 5
    sent = submit(owner, product)
    assert sent.status == "pending", sent.findings
    assert stranger.get(f"/products/{product.slug}/").status_code == 404, "it is not listed"
    assert "Cloud Ledger" in console.read(f"/console/reviews/{sent.pk}/preview/")
    seen = approve(console, sent)
    assert "Replay of the debug cases" in seen
    assert "newInstance" in seen
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE
    assert f"/products/{product.slug}/" in stranger.read("/?q=财务"), "by a word in the middle of its name"
    spec = document.pricing.specs[0]
    sku = spec.skus[3]
    chosen = {f"attr_{code}": value for code, value in sku.values.items()}
    held = wait_until_delivered(_buy(stranger, product, spec=spec.key, plan="PERIOD-month", periods="3", **chosen))
    line = held.order_lines.get()
    assert (line.offer.sku.code, line.amount_minor) == (sku.code, 30_000)
    _change_software(owner, console, stranger, product, sku.code)


def _write_software(owner: Person) -> Product:
    """Prices by the month, by the year, once, on demand and a trial, for four SKUs of two attributes."""
    product = begin(owner, "SAAS", zh="云账财务大师", en="Cloud Ledger")
    upload_files(owner, product, "software_copyright")
    buttons = (
        "add-spec", "add-attribute:0", "add-attribute:0", "tick=all:0", "add-plan=month:0", "add-plan=year:0",
        "add-plan=once:0", "add-plan=on_demand:0", "add-plan=trial:0",
    )  # fmt: skip
    at = "specs.0"
    names = {f"{at}.name.zh": "标准版", f"{at}.name.en": "Standard"}
    for a, (zh, en) in enumerate((("用户数", "Users"), ("地域", "Region"))):
        names |= {f"{at}.attributes.{a}.name.zh": zh, f"{at}.attributes.{a}.name.en": en}
        for v in (0, 1):
            names |= {f"{at}.attributes.{a}.values.{v}.name.{tongue}": f"{en} {v}" for tongue in ("zh", "en")}
    names |= {f"{at}.plans.3.factors.0.unit.zh": "次", f"{at}.plans.3.factors.0.unit.en": "calls"}
    cells = {f"{at}.rows.{r}.cells.{p}.0": "100" for r in range(4) for p in range(3)}
    cells |= {f"{at}.rows.{r}.cells.3.0": "0.0025" for r in range(4)} | {f"{at}.rows.0.cells.4.0": "1"}
    price(owner, product, *buttons, fields=names | cells)
    document = document_of(product)
    assert (len(document.pricing.specs[0].skus), len(list(document.prices()))) == (4, 17)
    return product


def _change_software(owner: Person, console: Person, stranger: Person, product: Product, sku: str) -> None:
    """A change passes the same review. The listed version sells meanwhile (business-rules §2.8)."""
    state = price(owner, product, fields={"specs.0.rows.3.cells.0.0": "120"})
    assert state.specs[0].rows[3].cells[0] == ["120"]
    assert _buy(stranger, product, plan="PERIOD-month").total_minor == 10_000
    seen = approve(console, submit(owner, product))
    assert "Changes to the version in force" in seen
    assert "120; sold for" in seen
    assert Offer.objects.get(sku__code=sku, period_type="month").price_minor == 12_000


def _sell_license(owner: Person, console: Person, stranger: Person, url: str) -> None:
    product = begin(owner, "LICENSE", zh="云图设计", en="Cloud Draw")
    upload_files(owner, product, "software_copyright")
    price(
        owner, product, "add-spec", "add-plan=year:0",
        fields={"specs.0.name.zh": "专业版", "specs.0.name.en": "Pro", "specs.0.rows.0.cells.0.0": "1000"},
    )  # fmt: skip
    address = serve_at(owner, product, url, "license_online")
    assert debug_all(owner, product, address) >= 4
    approve(console, submit(owner, product))
    assert wait_until_delivered(_buy(stranger, product, plan="PERIOD-year")).instance_id


def _sell_service(owner: Person, console: Person, stranger: Person) -> None:
    """business-rules §2.1, §2.10: a service by people needs no production address, and is approved like other products."""
    product = begin(owner, "MANUAL_SERVICE", zh="实施服务", en="Set-up")
    upload_files(owner, product)
    write(owner, product, "details", **{
        "fields.version": "1.0", "fields.service_flow": "standard", "fields.delivery_days": "5",
        "fields.acceptance": "验收", "fields.acceptance_en": "Done",
    })  # fmt: skip
    price(
        owner, product, "add-spec", "add-plan=once:0",
        fields={"specs.0.name.zh": "标准版", "specs.0.name.en": "Standard", "specs.0.rows.0.cells.0.0": "1000"},
    )  # fmt: skip
    approve(console, submit(owner, product))
    assert "实施服务" in stranger.read(f"/products/{Product.objects.get(pk=product.pk).slug}/")


def _buy(buyer: Person, product: Product, **choice: str) -> Order:
    """From the product's page to the order's: choose, see the price, order, pay."""
    assert f"/checkout/{product.pk}/" in buyer.read(f"/products/{product.slug}/")
    query = "&".join(f"{name}={value}" for name, value in choice.items())
    buyer.read(f"/checkout/{product.pk}/?{query}")
    leads_to = buyer.send(f"/checkout/{product.pk}/", agreed="on")
    buyer.send(f"{leads_to}pay/")
    return Order.objects.get(number=leads_to.split("/")[2])
