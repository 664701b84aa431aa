"""A part of the chapter about deliveries: goods that were sent, some that are being returned, and an authorisation code
that people deliver.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradepost.market.base.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradepost.market.catalog.models import Product
    from tradepost.market.supervision.models import Supervision


def goods(act: Callable[[Supervision, object, object], None]) -> dict[str, str]:
    """``act`` performs an act of one party in a delivery."""
    from tests.factories.products import MONTHLY, ONCE
    from tests.market.supervision.supervising import person
    from tradepost.market.base import clock
    from tradepost.market.product_types.flows.contract import Act, Party
    from tradepost.market.supervision import cancel
    from tradepost.market.web.supervision_view import clocks_now

    box = replace(ONCE, amount=Decimal(1280))
    gateway = {
        "product_type": "HARDWARE",
        "slug": "yunjian-gateway",
        "name": "云笺边缘网关",
        "name_en": "Yunjian Edge Gateway",
    }
    addressed, sent, back, returned = _bought(gateway, box, 4)
    for one in (addressed, sent, back, returned):
        act(one, Party.BUYER, Act.DEMAND)
    for one in (sent, back, returned):
        act(one, Party.SELLER, Act.SHIP)
    for one in (back, returned):
        cancel.request_refund(one.pk, "外壳有划痕，想退货。", ends=True, now=clock.now())
        cancel.agree(one.pk, "请寄回深圳仓。", by=person(one, Party.SELLER), clocks=clocks_now(), now=clock.now())
    act(returned, Party.BUYER, Act.SHIP_BACK)

    by_code = {
        "product_type": "LICENSE_CODE",
        "slug": "yunjian-archive",
        "name": "云笺归档",
        "name_en": "Yunjian Archive",
    }
    ready, taken = _bought(by_code, replace(MONTHLY, amount=Decimal(100)), 2, supervised="yes")
    for one in (ready, taken):
        act(one, Party.SELLER, Act.DELIVER)
    act(taken, Party.BUYER, Act.TAKE)
    return {
        "goods addressed": str(addressed.pk), "goods sent": str(sent.pk), "goods back": str(back.pk),
        "goods returned": str(returned.pk), "code ready": str(ready.pk), "code in hand": str(taken.pk),
    }  # fmt: skip


def _bought(what: dict[str, str], price: object, number: int, **answers: str) -> Sequence[Supervision]:
    from tests.browser.history import _buy
    from tests.factories.products import make_product
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.supervision.models import Supervision

    beside: Product = Product.objects.get(slug="yunjian-docs")
    product = make_product(
        beside.seller, prices=(price,), bound=False, now=clock.now(), category=beside.category.slug, picture=beside.picture,
        summary="交付过程由平台监管。", summary_en="Delivered under supervision.", answers=answers, **what,  # type: ignore[arg-type]
    )  # fmt: skip
    for _ in range(number):
        _buy(product.slug)
    own = Supervision.objects.filter(line__product=product).order_by("pk")
    until(lambda: own.exclude(node="").count() == number, f"the deliveries of {product.slug} begin")
    return list(own)
