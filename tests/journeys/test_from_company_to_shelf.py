"""A certified company writes products, debugs them against its own server, hands them in, and a stranger buys: over the pages,
with the real worker, on both databases (issue 9, must show 1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.check.kit_seller import any_seller
from tests.factories import make_buyer, make_operator
from tests.factories.companies import owner_of
from tests.factories.products import make_category
from tests.factories.publishable import may_publish
from tests.journeys.buying import delivered, order
from tests.journeys.publishing import (
    approve,
    begin,
    debug_all,
    document_of,
    hand_in,
    hand_in_files,
    price,
    serve_at,
    write,
)
from tests.market.working import working
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_a_saas_product_is_written_debugged_reviewed_found_and_bought(tmp_path: Path) -> None:
    make_category()
    now = clock.now()
    seller = may_publish(now=now)
    page, console = browser(owner_of(seller)), browser(make_operator(now=now))
    with running(any_seller(tmp_path, "saas_v2")) as url, working():
        product = begin(page, "SAAS", zh="云账财务大师", en="Cloud Ledger")
        hand_in_files(page, product, "software_copyright")
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
        price(page, product, *buttons, typed=names | cells)
        document = document_of(product)
        assert (len(document.pricing.specs[0].skus), len(list(document.prices()))) == (4, 17)
        refused = page.post(f"/seller/products/{product.pk}/submit/")
        assert refused.status_code == 422, "nothing serves it yet"
        address = serve_at(page, product, url, "saas_v2")
        assert debug_all(page, product, address) >= 5
        sent = hand_in(page, product)
        assert sent.status == "pending", sent.findings
        shown = console.get(f"/console/reviews/{sent.pk}/").content.decode()
        assert "Replay of the debug cases" in shown
        assert "newInstance" in shown
        assert "云账财务大师" in console.get(f"/console/reviews/{sent.pk}/preview/").content.decode() + shown
        assert Client().get(f"/products/{product.slug}/").status_code == 404
        approve(console, sent)
        product.refresh_from_db()
        assert product.status == Product.Status.ON_SALE
        found = Client(headers={"accept-language": "zh-hans"}).get("/?q=财务").content.decode()
        assert f"/products/{product.slug}/" in found
        spec = document.pricing.specs[0]
        buyer = browser(make_buyer(now=now))
        sku = spec.skus[3]
        held = delivered(
            order(
                buyer, product, spec=spec.key, plan="PERIOD-month", periods="3", total="30000",
                **{f"attr_{code}": value for code, value in sku.values.items()},
            )
        )  # fmt: skip
        assert held.order_lines.get().offer.sku.code == sku.code
        # It is changed by the same road; what is listed sells on meanwhile.
        state = price(page, product, typed={"specs.0.rows.3.cells.0.0": "120"})
        assert state.specs[0].rows[3].cells[0] == ["120"]
        assert order(buyer, product, spec=spec.key, plan="PERIOD-month", total="10000").total_minor == 10_000
        second = hand_in(page, product)
        compared = console.get(f"/console/reviews/{second.pk}/").content.decode()
        assert "120; sold for" in compared
        assert "What changes" in compared
        approve(console, second)
    assert Offer.objects.get(sku__code=sku.code, period_type="month").price_minor == 12_000


def test_a_license_that_is_issued_online_goes_the_same_way(tmp_path: Path) -> None:
    make_category()
    now = clock.now()
    seller = may_publish(now=now)
    page, console = browser(owner_of(seller)), browser(make_operator(now=now))
    with running(any_seller(tmp_path, "license_online")) as url, working():
        product = begin(page, "LICENSE", zh="云图设计", en="Cloud Draw")
        hand_in_files(page, product, "software_copyright")
        price(
            page, product, "add-spec", "add-plan=year:0",
            typed={"specs.0.name.zh": "专业版", "specs.0.name.en": "Pro", "specs.0.rows.0.cells.0.0": "1000"},
        )  # fmt: skip
        address = serve_at(page, product, url, "license_online")
        assert debug_all(page, product, address) >= 4
        approve(console, hand_in(page, product))
        held = delivered(order(browser(make_buyer(now=now)), product, plan="PERIOD-year", total="100000"))
    assert held.instance_id


def test_a_manual_service_is_written_and_refused_with_its_reason() -> None:
    make_category()
    now = clock.now()
    page = browser(owner_of(may_publish(now=now)))
    product = begin(page, "MANUAL_SERVICE", zh="实施服务", en="Set-up")
    hand_in_files(page, product)
    write(page, product, "details", **{
        "fields.version": "1.0", "fields.service_flow": "standard", "fields.delivery_days": "5",
        "fields.acceptance": "验收", "fields.acceptance_en": "Done",
    })  # fmt: skip
    price(
        page, product, "add-spec", "add-plan=once:0",
        typed={"specs.0.name.zh": "标准版", "specs.0.name.en": "Standard", "specs.0.rows.0.cells.0.0": "1000"},
    )  # fmt: skip
    answer = page.post(f"/seller/products/{product.pk}/submit/")
    assert answer.status_code == 422
    said = [finding.code for finding, _section, _url in answer.context["findings"] if finding.section != "agreement"]
    assert said == ["kind.undeliverable"]
    assert "business-rules §2.1" in answer.content.decode()
