"""The usage chart of a product with all its services, or of one service (business-rules §4.8; openapi-jointkit §C.5)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.chart_queries import Chart, chart_of_service, charts_of_product
from tradepost.market.billing.models import ProductHour
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.usage_chart import chart_context, chart_file, requested_span

from .frame import SellerRequest, products_of, seller_page, show

MAX_PRODUCTS = 100


def _products(request: SellerRequest) -> list[Product]:
    """Return the products with usage, by name, up to the limit of a choice."""
    newest = ProductHour.objects.filter(product=OuterRef("pk")).order_by("-hour")  # ordered, so that the index is used
    used = products_of(request).annotate(used_at=Subquery(newest.values("hour")[:1])).filter(used_at__isnull=False)
    return list(used.order_by("name", "pk")[:MAX_PRODUCTS])


def _service(request: SellerRequest) -> Subscription | None:
    """Return the service of the requested instance, unless its product is granted to another member."""
    instance = request.GET.get("q", "").strip()[:64].replace("\x00", "")
    if not instance:
        return None
    subscriptions = Subscription.objects.filter(
        instance_id=instance, seller=request.seller, product__in=products_of(request)
    )
    return subscriptions.select_related("product").first()


def _charts(
    request: SellerRequest, products: Sequence[Product]
) -> tuple[Sequence[Chart], Product | None, Subscription | None]:
    span = requested_span(request, now=request.now)
    service = _service(request)
    if request.GET.get("q", "").strip():
        chart = chart_of_service(service, span, now=request.now) if service else None
        return [chart] if chart else [], None, service
    product_pk = whole_number(request.GET.get("product", ""))
    product = next((product for product in products if product.pk == product_pk), None) or next(iter(products), None)
    return charts_of_product(product, span, now=request.now) if product else [], product, None


@require_safe
@seller_page(menu=Menu.TRADE)
def chart(request: SellerRequest) -> HttpResponse:
    products = _products(request)
    charts, product, service = _charts(request, products)
    return show(
        request, "seller_center/usage_chart.html", product=product, service=service, sought=request.GET.get("q", "").strip()[:64],
        products=[(product.pk, localised_name(product)) for product in products],
        charts=[chart_context(chart, now=request.now, number=number) for number, chart in enumerate(charts, 1)],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def export(request: SellerRequest) -> HttpResponse:
    """Return the chart's data as a file."""
    charts, product, service = _charts(request, _products(request))
    about = service.pk if service else product.pk if product else 0
    kind = "service" if service else "product"
    head = [_("Begins at"), _("Usage"), _("Unit"), _("Amount charged"), _("Currency")]
    return chart_file(charts, name=f"usage-{kind}-{about}", head=head)
