"""A chapter of history.py: a product of the demo's seller is probed manually, with an answer to each of its saved
cases; then an operator freezes it.
"""

from __future__ import annotations

from tests.waiting import until


def probe(_seller_url: str) -> dict[str, str]:
    from django.utils import timezone

    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.catalog import trading
    from tradepost.market.catalog.models import Product
    from tradepost.market.probes import manual
    from tradepost.market.probes.watch import watch_of

    # The newest, which no other chapter uses.
    product = Product.objects.filter(binding__address=1, status=Product.Status.ON_SALE).order_by("-pk")[0]
    watch = watch_of(config(), timezone.get_default_timezone())
    slot = manual.probe_now(product, by="owner", watch=watch, now=clock.now())
    until(lambda: all(run.verdict for run in manual.runs_of(slot)), "its seller's answers are judged")
    trading.freeze(product, cause="生产接口多次无响应", actor="operator", now=clock.now())
    return {"frozen": str(product.pk), "frozen slug": product.slug, "probe run": str(manual.runs_of(slot)[0].pk)}
