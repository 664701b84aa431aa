"""The chart of usage: of a product with all its services, or of one service (business-rules §4.8; openapi-jointkit §C.5)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.chart_queries import Chart, chart_of_service, charts_of_product
from tradepost.market.billing.models import ProductHour
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.usage_chart import as_file, shown, span_asked

from .frame import SellerRequest, products_of, seller_page, show

MOST_PRODUCTS = 100


def _products(request: SellerRequest) -> list[Product]:
    """Those of which usage was collected, by name; as many as a choice can hold."""
    newest = ProductHour.objects.filter(product=OuterRef("pk")).order_by(
        "-hour"
    )  # in order, so that its index is asked
    used = products_of(request).annotate(used_at=Subquery(newest.values("hour")[:1])).filter(used_at__isnull=False)
    return list(used.order_by("name", "pk")[:MOST_PRODUCTS])


def _service(request: SellerRequest) -> Subscription | None:
    """The one whose instance is asked for; a product that was granted to somebody else does not exist, nor do its services."""
    instance = request.GET.get("q", "").strip()[:64].replace("\x00", "")
    if not instance:
        return None
    found = Subscription.objects.filter(instance_id=instance, seller=request.seller, product__in=products_of(request))
    return found.select_related("product").first()


def _charts(
    request: SellerRequest, products: Sequence[Product]
) -> tuple[Sequence[Chart], Product | None, Subscription | None]:
    span = span_asked(request, now=request.now)
    service = _service(request)
    if request.GET.get("q", "").strip():
        found = chart_of_service(service, span, now=request.now) if service else None
        return [found] if found else [], None, service
    asked = whole_number(request.GET.get("product", ""))
    product = next((one for one in products if one.pk == asked), None) or next(iter(products), None)
    return charts_of_product(product, span, now=request.now) if product else [], product, None


@require_safe
@seller_page(menu=Menu.TRADE)
def chart(request: SellerRequest) -> HttpResponse:
    products = _products(request)
    charts, product, service = _charts(request, products)
    return show(
        request, "seller_center/usage_chart.html", product=product, service=service, sought=request.GET.get("q", "").strip()[:64],
        products=[(one.pk, named(one)) for one in products],
        charts=[shown(one, now=request.now, number=number) for number, one in enumerate(charts, 1)],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def chart_file(request: SellerRequest) -> HttpResponse:
    """The numbers of the page for a spreadsheet."""
    charts, product, service = _charts(request, _products(request))
    about = service.pk if service else product.pk if product else 0
    kind = "service" if service else "product"
    head = [_("Begins at"), _("Usage"), _("Unit"), _("Amount charged"), _("Currency")]
    return as_file(charts, name=f"usage-{kind}-{about}", head=head)
