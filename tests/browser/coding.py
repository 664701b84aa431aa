"""The chapter of history.py about authorisation codes: one to take, one taken, one activated and in use, and test codes
of the demo's seller.
"""

from __future__ import annotations

from django.utils import timezone

from tests.factories import make_buyer, make_offer, make_order
from tests.factories.products import MONTHLY, make_product
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.activating import Activation, activate, take_code
from tradepost.market.identity.models import Seller, User
from tradepost.market.licenses.codes import issue_test, record_query
from tradepost.market.licenses.models import LicenseCode
from tradepost.market.licenses.software_usage import report
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import Activate
from tradepost.protocols.open_api.software_usage import SoftwareUsage


def code(_seller_url: str) -> dict[str, str]:
    now, buyer = clock.now(), User.objects.get(email="buyer@lantian.example")
    product = _sold_by_code(Seller.objects.get(slug="qingxie"))
    offer = make_offer(product)
    orders = [make_order(one, offer=offer, paid=True, now=now) for one in (buyer, buyer, buyer, make_buyer(now=now))]
    until(lambda: LicenseCode.objects.filter(product=product).count() == len(orders), "the codes are issued")
    waiting, taken, used, _other = (Subscription.objects.get(order_lines__order=order) for order in orders)
    for held in (taken, used):
        take_code(held, actor=buyer.email, now=now)
    text = LicenseCode.objects.get(subscription=used)
    activate(Activation(seller=used.seller_id, asked=Activate(licenses=(text.code,)), as_list=False), now=now)
    reported = SoftwareUsage(license=text.code, clients=("seat-1", "seat-2", "seat-3"))
    report(used.seller_id, [reported], zone=timezone.get_default_timezone(), now=now)
    record_query([text], now=now)
    issue_test(product, now=now)
    return {
        "code waits": str(waiting.pk), "code taken": str(taken.pk), "code used": str(used.pk), "code": str(text.pk),
        "code order": orders[0].number,
    }  # fmt: skip


def _sold_by_code(seller: Seller) -> Product:
    """Return a product of the demo's seller that is delivered by codes, without a production address."""
    beside, now = Product.objects.get(slug="yunjian-docs"), clock.now()
    return make_product(
        seller, prices=(MONTHLY,), bound=False, now=now, slug="qingxie-cad", name="轻协制图", name_en="Qingxie CAD",
        category=beside.category.slug, picture=beside.picture, product_type="LICENSE_CODE",
        summary="安装在本机的制图软件，凭授权码使用。", summary_en="Drawing on your own machine, by an authorisation code.",
        description="<p>支持二维与三维制图。</p>", description_en="<p>Drawings in two and three dimensions.</p>",
        guide="<p>安装后在“帮助 &gt; 授权”中输入授权码。</p>", guide_en="<p>Install it and enter the code under Help, License.</p>",
    )  # fmt: skip
