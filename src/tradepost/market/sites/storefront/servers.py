"""Servers of a buyer: what each runs, what it costs now and from when; create one with an image, start, stop, give it another
disk, delete it (business-rules §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.last_charge import LastCharge, last_charge
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.contract import Compute
from tradepost.market.compute.faults import for_buyers
from tradepost.market.compute.models import Server
from tradepost.market.compute.registry import cloud
from tradepost.market.images import buyer_queries, servers
from tradepost.market.images.buyer_queries import ShownServer
from tradepost.market.images.servers import CreateServer, ForServer, Rules
from tradepost.market.orders import quotes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import find_offer, quote, sold_version
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.web.access import buyer_required, now_of, person

from .agreement import consent, shown_to_buyer

private = cache_control(private=True, no_store=True)


def rules_now() -> Rules:
    return Rules(
        unpaid_timeout=timedelta(minutes=config().unpaid_timeout_minutes), servers_most=config().servers_most
    )  # fmt: skip


def _cloud() -> Compute:
    """That of this market. Without one nothing of these pages is there but what was begun before."""
    if not settings.CLOUD:
        raise Http404
    return cloud(settings.CLOUD)


def _own(request: HttpRequest, pk: int) -> ShownServer:
    found = buyer_queries.server_of(person(request), pk)
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    buyer, gone = person(request), request.GET.get("state") == "all"
    context = {
        "page": buyer_queries.servers_of(buyer, gone=gone, after=request.GET.get("after", "")),
        "images": buyer_queries.images_of(buyer),
        "state": "all" if gone else "",
        "has_cloud": bool(settings.CLOUD),
    }
    return render(request, "storefront/servers.html", context)


def offer_asked(product_id: str, *, postpaid: bool) -> Offer:
    """Return the offer of an image that the address names. Raises ``Http404`` for another kind, ``Refused`` when it is not sold."""
    offer = find_offer(product_id[:64])
    if not by_cloud(offer.sku.spec.product.product_type) or offer.charging.postpaid != postpaid:
        raise Http404
    return offer


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, product_id: str) -> HttpResponse:
    """Create a server with an image, or put the image on one that is there."""
    adapter, offer = _cloud(), offer_asked(product_id, postpaid=True)
    if request.method != "POST":
        return _new_page(request, adapter, offer, None)
    try:
        placed = _place(request, adapter, offer)
    except Server.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _new_page(request, adapter, offer, refused)
    return redirect("storefront:order", number=placed.number)


def _place(request: HttpRequest, adapter: Compute, offer: Offer) -> Order:
    said = request.POST
    key, quoted, agreed = said.get("idempotency_key", "")[:64], said.get("quote", ""), said.get("agreed") == "on"
    if said.get("where") == "server":
        command = ForServer(
            product_id=offer.product_id, server=whole_number(said.get("server", "")) or 0, agreed=agreed,
            agreements=shown_to_buyer(request), quote=quoted, idempotency_key=key,
        )  # fmt: skip
        return servers.replace_with(person(request), command, rules=rules_now(), now=now_of(request))
    made = CreateServer(
        product_id=offer.product_id, name=said.get("name", "")[:200], size=said.get("size", "")[:64], agreed=agreed,
        agreements=shown_to_buyer(request), quote=quoted, idempotency_key=key,
    )  # fmt: skip
    return servers.create_server(person(request), made, adapter, rules=rules_now(), now=now_of(request))


def _new_page(request: HttpRequest, adapter: Compute, offer: Offer, refused: Refused | None) -> HttpResponse:
    prepaid = [one for one in offer.sku.offers.filter(on_sale=True).order_by("pk") if one.charging.ends]
    context = {
        "offer": offer,
        "product": offer.sku.spec.product,
        "seller": offer.sku.spec.product.seller,
        "prepaid": prepaid,
        "sizes": adapter.sizes,
        "cloud": adapter.title,
        "there": buyer_queries.replaceable(person(request)),
        "typed": {name: request.POST.get(name, "") for name in ("name", "size", "where", "server")},
        **consent(request, offer.sku.spec.product, refused),
        "quote": shown_quote(request, offer, periods=1),
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "refused": refused,
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/server_new.html", context, status=refused.status if refused else 200)


def shown_quote(request: HttpRequest, offer: Offer, *, periods: int) -> str:
    """What the page shows is what is charged."""
    priced = quote(offer, quantity=offer.sku.quantity_min, periods=periods)
    return quotes.show(
        person(request), offer, priced, version=sold_version(offer.sku.spec.product), now=now_of(request),
        lasts=timedelta(minutes=config().quote_minutes),
    )  # fmt: skip


@buyer_required
@private
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


@buyer_required
@private
@require_POST
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """The password alone, as text; a POST, so that no history or prefetch keeps it."""
    login = _own(request, pk).login
    if login is None:
        raise Http404
    return HttpResponse(login.password, content_type="text/plain; charset=utf-8")


def _page(request: HttpRequest, found: ShownServer, refused: Refused | None = None) -> HttpResponse:
    server = found.server
    context = {
        "shown": found,
        "server": server,
        "size": _title(server),
        "page": buyer_queries.times_of(server, after=request.GET.get("after", "")),
        "there": server.status in {"running", "broken", "stopped"},
        "prepaid": _prepaid(server),
        "fault_words": for_buyers(found.gave_up.fault) if found.gave_up is not None else "",
        "refused": refused,
    }
    return render(request, "storefront/server.html", context, status=refused.status if refused else 200)


def _title(server: Server) -> object:
    try:
        sizes = cloud(server.cloud).sizes
    except LookupError:  # of a cloud that this market had before
        return None
    return next((one.title for one in sizes if one.code == server.size), None)


def _prepaid(server: Server) -> Offer | None:
    """By which its image can be paid for in advance, where it is on sale so."""
    if server.service is None:
        return None
    offers = server.service.offer.sku.offers.filter(on_sale=True).order_by("pk")
    return next((one for one in offers if one.charging.ends), None)


def _act(request: HttpRequest, pk: int, verb: Callable[[], None], said: str) -> HttpResponse:
    found = _own(request, pk)
    try:
        verb()
    except Server.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _page(request, found, refused)
    messages.success(request, said)
    return redirect("storefront:server", pk)


@buyer_required
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request, pk, lambda: servers.start(person(request), pk, now=now_of(request)), _("The server is being started.")
    )  # fmt: skip


@buyer_required
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request, pk, lambda: servers.stop(person(request), pk, now=now_of(request)), _("The server is being stopped.")
    )  # fmt: skip


def _last_charge(request: HttpRequest, server: Server) -> dict[str, LastCharge | None]:
    """What the service of its image still costs; empty for a server without one."""
    if server.service is None:
        return {}
    zone = ZoneInfo(str(timezone.get_default_timezone()))
    return {"last": last_charge(server.service, zone=zone, now=now_of(request))}


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Another system disk: an image of the cloud's own here; one of the market is ordered on its product's page."""
    found, adapter, refused = _own(request, pk), _cloud(), None
    if request.method == "POST":
        image, agreed = request.POST.get("image", "")[:64], request.POST.get("agreed") == "on"
        try:
            servers.replace_plain(person(request), pk, image, adapter, agreed=agreed, now=now_of(request))
        except Server.DoesNotExist:
            raise Http404 from None
        except Refused as error:
            refused = error
        else:
            messages.success(request, _("The system disk is being replaced."))
            return redirect("storefront:server", pk)
    context = {
        "shown": found, "server": found.server, "choices": adapter.images, "refused": refused,
        "errors": {refused.field: refused.message} if refused else {}, "picked": request.POST.get("image", ""),
        **_last_charge(request, found.server),
    }  # fmt: skip
    return render(request, "storefront/server_replace.html", context, status=refused.status if refused else 200)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete it, after saying what is lost and what goes on costing."""
    found, refused = _own(request, pk), None
    if request.method == "POST":
        try:
            servers.release(person(request), pk, agreed=request.POST.get("agreed") == "on", now=now_of(request))
        except Server.DoesNotExist:
            raise Http404 from None
        except Refused as error:
            refused = error
        else:
            messages.success(request, _("The server is being deleted."))
            return redirect("storefront:server", pk)
    context = {
        "shown": found, "server": found.server, "refused": refused,
        "errors": {refused.field: refused.message} if refused else {}, **_last_charge(request, found.server),
    }  # fmt: skip
    return render(request, "storefront/server_release.html", context, status=refused.status if refused else 200)
