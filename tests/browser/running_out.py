"""A chapter of history.py: products for test_running_out.py, and a buyer with too little money for them."""

from __future__ import annotations

from decimal import Decimal


def runs_out(_seller_url: str) -> dict[str, str]:
    """Create products whose usage the test reports: the sample seller opens them and reports nothing."""
    from tests.browser.using import poor
    from tests.factories.images import make_image
    from tests.factories.metering import on_demand, package
    from tests.factories.products import make_offer, make_product
    from tradepost.market.base import clock
    from tradepost.market.base.money import Money
    from tradepost.market.catalog.models import Product
    from tradepost.market.payments import ledger

    docs, now = Product.objects.get(slug="yunjian-docs"), clock.now()
    prices = (on_demand(amount=Decimal(1)), package(5), package(4, stops_when_used_up=True))
    counted = make_product(
        docs.seller, prices=prices, address=docs.binding.address, now=now, slug="yunjian-counted", name="云笺计量接口",
        name_en="Yunjian Counted", category=docs.category.slug, picture=docs.picture,
    )  # fmt: skip
    image = make_image(docs.seller, now=now, slug="yunjian-disk", category=docs.category.slug, picture=docs.picture)
    user, password = poor()
    ledger.top_up(user, Money.of(21, "CNY"), reference="BROWSER-RUNS-OUT", actor="op", now=now)
    return {
        "counted product": str(counted.pk), "debtor": user.email, "debtor password": password,
        "image hourly": make_offer(image, mode="ON_DEMAND").product_id,
        "image monthly": make_offer(image, mode="PERIOD").product_id,
    }  # fmt: skip
