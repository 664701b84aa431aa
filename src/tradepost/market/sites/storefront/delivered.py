"""Deliveries by the market itself: endpoint cards, model files and image manifests of a service.

Only the buyer of an active service gets them (business-rules §2.1, §2.5, §2.6). App keys have their own page.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from msgspec import Struct

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.assets.versions import downloads_of
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.delivered import (
    CardLine,
    ImageManifest,
    card_of,
    current_answers,
    issues_keys,
    manifests_since,
)
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.supervision.handed_file import closed_reason
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import person
from tradepost.market.web.pages.guards import buyer_page
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.uploads import files


class DeliveredContent(Struct, frozen=True, kw_only=True):
    """Delivered content for the page of a service. ``keys``: whether the buyer can create app keys."""

    card: list[CardLine]
    keys: bool
    files: list[AssetVersion]
    manifests: list[ImageManifest]


def delivered_content(service: Subscription, delivery: Supervision | None = None) -> DeliveredContent | None:
    """Return the content that the buyer may have now; None for other product types and closed services.

    Load ``product`` and ``offer`` of the service first. ``delivery``: its supervised delivery, if any.
    """
    gives = product_type(service.product.product_type).gives
    if gives not in {DeliveryResult.ENDPOINT, DeliveryResult.FILES, DeliveryResult.MANIFEST} or not _is_open(
        service, delivery
    ):
        return None
    answers = current_answers(service.product) if gives is DeliveryResult.ENDPOINT else {}
    return DeliveredContent(
        card=card_of(service.product, answers) if gives is DeliveryResult.ENDPOINT else [],
        keys=gives is DeliveryResult.ENDPOINT and issues_keys(service.product, answers),
        files=_files(service) if gives is DeliveryResult.FILES else [],
        manifests=manifests_since(_line(service).version) if gives is DeliveryResult.MANIFEST else [],
    )


def _is_open(service: Subscription, delivery: Supervision | None) -> bool:
    """Return whether the service is open. A package is used through the service that it belongs to."""
    if delivery is not None:
        return not closed_reason(delivery)
    return service.status == Subscription.Status.ACTIVE and service.offer.charging.needs is None


def _line(service: Subscription) -> OrderLine:
    return OrderLine.objects.select_related("version").get(number=service.order_line_number)


def _files(service: Subscription) -> list[AssetVersion]:
    fields = documents.load(_line(service).version.document).details.fields
    key = whole_number(fields.get(documents.ASSET, ""))
    version = AssetVersion.objects.filter(pk=key, asset__seller=service.seller_id).first() if key else None
    return downloads_of(version) if version is not None else []


def delivered_to_buyer(request: HttpRequest, pk: int) -> tuple[Subscription, DeliveredContent]:
    """Return the buyer's service and its delivered content. Raises ``Http404`` if there is none."""
    service = buyer_subscription(person(request), pk)
    delivered = (
        delivered_content(service, supervision_queries.delivery_of_subscription(service.pk))
        if service is not None
        else None
    )
    if service is None or delivered is None:
        raise Http404
    return service, delivered


@buyer_page
def model_file(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """Return a file of an AI asset by its hash. Downloads can be resumed with ``Range``."""
    _service, delivered = delivered_to_buyer(request, pk)
    version = next((file for file in delivered.files if file.sha256 == sha256), None)
    if version is None or not files().has(version.sha256):
        raise Http404
    return send_file(files().path(version.sha256), name=version.file_name, wanted=request.headers.get("Range", ""))


@buyer_page
def manifest(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    service, delivered = delivered_to_buyer(request, pk)
    match = next((manifest for manifest in delivered.manifests if manifest.number == number), None)
    if match is None:
        raise Http404
    response = HttpResponse(match.dump(), content_type="application/json")
    name = f"{service.product.slug}-v{match.number}.json"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
