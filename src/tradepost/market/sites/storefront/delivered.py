"""Deliveries that the marketplace itself hands over: endpoint cards, model files and image manifests of a service.

The buyer of an active service gets them, nobody else (business-rules §2.1, §2.5, §2.6). App keys have a page of their own.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
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
from tradepost.market.product_types.contract import Gives
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.supervision.handed_file import why_closed
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.uploads import files

private = cache_control(private=True, no_store=True)


class Delivered(Struct, frozen=True, kw_only=True):
    """What the page of a service shows. ``keys``: its buyer creates app keys."""

    card: list[CardLine]
    keys: bool
    files: list[AssetVersion]
    manifests: list[ImageManifest]


def shown(found: Subscription, delivery: Supervision | None = None) -> Delivered | None:
    """Return what its buyer may have now; None for other kinds, and while or after the service is not open.

    ``found.product`` and ``found.offer`` should be fetched. ``delivery``: where people deliver the service.
    """
    gives = product_type(found.product.product_type).gives
    if gives not in {Gives.ENDPOINT, Gives.FILES, Gives.MANIFEST} or not _is_open(found, delivery):
        return None
    answers = current_answers(found.product) if gives is Gives.ENDPOINT else {}
    return Delivered(
        card=card_of(found.product, answers) if gives is Gives.ENDPOINT else [],
        keys=gives is Gives.ENDPOINT and issues_keys(found.product, answers),
        files=_files(found) if gives is Gives.FILES else [],
        manifests=manifests_since(_line(found).version) if gives is Gives.MANIFEST else [],
    )


def _is_open(found: Subscription, delivery: Supervision | None) -> bool:
    """A package is used through the service that it was bought for, and opens nothing."""
    if delivery is not None:
        return not why_closed(delivery)
    return found.status == Subscription.Status.ACTIVE and found.offer.charging.needs is None


def _line(found: Subscription) -> OrderLine:
    return OrderLine.objects.select_related("version").get(number=found.order_line_number)


def _files(found: Subscription) -> list[AssetVersion]:
    fields = documents.load(_line(found).version.document).details.fields
    key = whole_number(fields.get(documents.ASSET, ""))
    sold = AssetVersion.objects.filter(pk=key, asset__seller=found.seller_id).first() if key else None
    return downloads_of(sold) if sold is not None else []


def of_buyer(request: HttpRequest, pk: int) -> tuple[Subscription, Delivered]:
    """The buyer's own service and what it gives now. Raises ``Http404`` for everything else."""
    found = buyer_subscription(person(request), pk)
    given = shown(found, supervision_queries.of_subscription(found.pk)) if found is not None else None
    if found is None or given is None:
        raise Http404
    return found, given


@buyer_required
@private
@require_safe
def model_file(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """A file of an AI asset, addressed by its hash. Download managers resume it by ``Range``."""
    _found, given = of_buyer(request, pk)
    version = next((one for one in given.files if one.sha256 == sha256), None)
    if version is None or not files().has(version.sha256):
        raise Http404
    return send_file(files().path(version.sha256), name=version.file_name, wanted=request.headers.get("Range", ""))


@buyer_required
@private
@require_safe
def manifest(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    found, given = of_buyer(request, pk)
    one = next((one for one in given.manifests if one.number == number), None)
    if one is None:
        raise Http404
    answer = HttpResponse(one.dump(), content_type="application/json")
    name = f"{found.product.slug}-v{one.number}.json"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
