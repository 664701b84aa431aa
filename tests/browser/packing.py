"""A chapter of history.py: a buyer's usage packages, one nearly used up and one that stopped its service."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Product
    from tradepost.market.subscriptions.models import Subscription

SECOND = timedelta(seconds=1)


def pack(_seller_url: str) -> dict[str, str]:
    from tests.factories.metering import on_demand, package
    from tests.factories.products import USES, make_product
    from tradepost.market.base import clock
    from tradepost.market.billing.models import Charge
    from tradepost.market.catalog.models import Product
    from tradepost.market.metering import collect
    from tradepost.market.subscriptions.models import Subscription

    docs = Product.objects.get(slug="yunjian-docs")
    plain, stopping = (
        make_product(
            docs.seller, prices=(on_demand(amount=Decimal(2)), package(100, stops_when_used_up=stops, reset=reset)),
            address=docs.binding.address, now=clock.now(), slug=slug, name=name, name_en=name_en,
            category=docs.category.slug, picture=docs.picture,
        )
        for slug, name, name_en, stops, reset in (
            ("yunjian-ocr", "云笺票据识别", "Yunjian Receipts", False, ""),
            ("yunjian-translate", "云笺机器翻译", "Yunjian Translate", True, "month"),
        )
    )  # fmt: skip
    service, bought = _opened(plain)
    stopped, empty = _opened(stopping)
    by_use = make_product(
        docs.seller, prices=(USES,), address=docs.binding.address, now=clock.now(), slug="yunjian-seal", name="云笺电子签章",
        name_en="Yunjian Seals", category=docs.category.slug, picture=docs.picture,
    )  # fmt: skip
    in_use, used_up = _bought(by_use), _bought(by_use)
    _use(service, "40", "52.5")
    _use(stopped, "130")
    _use(in_use, "62.5")
    _use(used_up, "104")
    collect.close("hour", now=clock.now())
    charged = Charge.objects.filter(subscription__in=[service, stopped, in_use, used_up])
    until(lambda: charged.count() == 4, "it is charged")
    frozen = Subscription.objects.filter(pk__in=[stopped.pk, used_up.pk], status="frozen")
    until(lambda: frozen.count() == 2, "what is used up stops it")
    return {
        "packed service": str(service.pk), "packed": str(bought.pk), "stopped service": str(stopped.pk), "empty": str(empty.pk),
        "packed product": str(plain.pk), "packed charge": str(Charge.objects.get(subscription=service).pk),
        "free charge": str(Charge.objects.get(subscription=stopped).pk), "uses product": str(by_use.pk),
        "uses": str(in_use.pk), "used up": str(used_up.pk),
    }  # fmt: skip


def _bought(product: Product) -> Subscription:
    """Return a package of uses, which is a service by itself."""
    from tests.browser import history
    from tradepost.market.metering.models import Package
    from tradepost.market.subscriptions.models import Subscription

    number = history._buy(product.slug)  # a chapter of history.py
    until(lambda: history._status(number) == "completed", "the package is opened")
    held = Subscription.objects.get(order_lines__order__number=number)
    until(lambda: Package.objects.filter(pk=held.pk).exists(), "usage is deducted from it")
    return held


def _opened(product: Product) -> tuple[Subscription, Subscription]:
    """Return the service on demand and its package, in use."""
    from tests.browser import history
    from tradepost.market.metering.models import Package
    from tradepost.market.subscriptions.models import Subscription

    held = []
    for mode in ("ON_DEMAND", "ON_DEMAND_PKG"):
        number = history._buy(product.slug, mode=mode)  # a chapter of history.py
        until(lambda: history._status(number) == "completed", f"{mode} is opened")  # noqa: B023  # awaited at once
        held.append(Subscription.objects.get(order_lines__order__number=number))
    until(lambda: Package.objects.filter(pk=held[1].pk).exists(), "usage is deducted from it")
    return held[0], held[1]


def _use(service: Subscription, *values: str) -> None:
    """Report usage from the time at which the package was opened."""
    from tests.factories.metering import item, push
    from tradepost.market.base import clock
    from tradepost.market.metering.models import Package
    from tradepost.protocols.open_api.usage_push import dump_time

    begin = Package.objects.get(service=service).starts_at.replace(microsecond=0) + SECOND
    records = [
        item(service, begin + n * SECOND, value, end_time=dump_time(begin + (n + 1) * SECOND))
        for n, value in enumerate(values)
    ]
    found = push(service.seller, records, now=clock.now() + 10 * SECOND)
    if found.refused:
        raise AssertionError(found.refused)
