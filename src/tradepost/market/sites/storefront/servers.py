"""A buyer's servers with their images and costs: create, start, stop, replace the disk, delete (business-rules §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.billing.last_charge import LastCharge, last_charge
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.contract import Compute
from tradepost.market.compute.faults import for_buyers
from tradepost.market.compute.models import Server
from tradepost.market.compute.registry import cloud
from tradepost.market.images import buyer_queries, servers
from tradepost.market.images.buyer_queries import ServerView
from tradepost.market.images.servers import CreateServer, OrderForServer, Rules
from tradepost.market.orders import quotes
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import find_offer, price_choice, sold_version
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages import Empty, Listing, ListQuery, choice, fragment, page_link, state
from tradepost.market.web.pages.guards import buyer_act, buyer_form, buyer_list, buyer_page

from .agreement import consent_context, submitted_stamp

private = cache_control(private=True, no_store=True)
EXISTING = "existing"
"""Filter value that leaves out deleted servers."""


def rules_now() -> Rules:
    return Rules(
        unpaid_timeout=timedelta(minutes=config().orders.unpaid_timeout_minutes), servers_most=config().compute.servers_most
    )  # fmt: skip


def _cloud() -> Compute:
    """Return the market's cloud adapter. 404 without one."""
    if not settings.CLOUD:
        raise Http404
    return cloud(settings.CLOUD)


def _own_server(request: HttpRequest, pk: int) -> ServerView:
    server = buyer_queries.server_of(person(request), pk)
    if server is None:
        raise Http404
    return server


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[ServerView]:
    return buyer_queries.servers_of(person(request), gone=query["state"] != EXISTING, after=after, size=size)


def _extra_context(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    del query
    return {"images": buyer_queries.images_of(person(request)), "has_cloud": bool(settings.CLOUD)}


LISTING: Listing[ServerView, ServerView] = Listing(
    name="storefront:servers",
    title=gettext_lazy("Servers"),
    layout="storefront/layout.html",
    template="storefront/servers.html",
    source=_source,
    columns=(
        page_link(gettext_lazy("Server"), "server.name", "storefront:server", "server.pk"),
        fragment(gettext_lazy("Address"), "server.address", "storefront/parts/listed_server_address.html"),
        state(gettext_lazy("State"), "server", "server.status", under=lambda row: _(row.doing) if row.task else ""),
        page_link(
            gettext_lazy("Image"), "server.service.product:name", "storefront:subscription", "server.service_id",
            labelled=True,
        ),
        fragment(
            gettext_lazy("Price"), "server.pk", "storefront/parts/listed_server_cost.html", in_file=False
        ),
    ),
    filters=(choice("state", gettext_lazy("State"), [(EXISTING, gettext_lazy("Existing servers"))], default=EXISTING),),
    empty=Empty(
        icon="server",
        title=gettext_lazy("No servers"),
        text=gettext_lazy(
            "Choose an image in the store: your server starts from it, with the software ready to use."
        ),
        action=gettext_lazy("Browse the store"),
        page="storefront:home",
    ),
    size=buyer_queries.PAGE,
    file="servers",
    also=_extra_context,
)  # fmt: skip
index = private(buyer_list(LISTING))


def requested_offer(product_id: str, *, postpaid: bool) -> Offer:
    """Return the image's offer from the address. Raises ``Http404`` for other products, and ``Refused`` if it is not
    sold."""
    offer = find_offer(product_id[:64])
    if not runs_in_cloud(offer.sku.spec.product.product_type) or offer.charging.postpaid != postpaid:
        raise Http404
    return offer


@buyer_form
def new(request: HttpRequest, product_id: str) -> HttpResponse:
    """Create a server with an image, or install the image on an existing server."""
    adapter, offer = _cloud(), requested_offer(product_id, postpaid=True)
    if request.method != "POST":
        return _new_page(request, adapter, offer, None)
    try:
        placed = _place_order(request, adapter, offer)
    except Server.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _new_page(request, adapter, offer, refused)
    return redirect("storefront:order", number=placed.number)


def _place_order(request: HttpRequest, adapter: Compute, offer: Offer) -> Order:
    data = request.POST
    key, quoted, agreed = data.get("idempotency_key", "")[:64], data.get("quote", ""), data.get("agreed") == "on"
    if data.get("where") == "server":
        command = OrderForServer(
            product_id=offer.product_id, server=whole_number(data.get("server", "")) or 0, agreed=agreed,
            agreements=submitted_stamp(request), quote=quoted, idempotency_key=key,
        )  # fmt: skip
        return servers.replace_with(person(request), command, rules=rules_now(), now=now_of(request))
    creation = CreateServer(
        product_id=offer.product_id, name=data.get("name", "")[:200], size=data.get("size", "")[:64], agreed=agreed,
        agreements=submitted_stamp(request), quote=quoted, idempotency_key=key,
    )  # fmt: skip
    return servers.create_server(person(request), creation, adapter, rules=rules_now(), now=now_of(request))


def _new_page(request: HttpRequest, adapter: Compute, offer: Offer, refused: Refused | None) -> HttpResponse:
    prepaid = [
        prepaid_offer
        for prepaid_offer in offer.sku.offers.filter(on_sale=True).order_by("pk")
        if prepaid_offer.charging.ends
    ]
    context = {
        "offer": offer,
        "product": offer.sku.spec.product,
        "seller": offer.sku.spec.product.seller,
        "prepaid": prepaid,
        "sizes": adapter.sizes,
        "cloud": adapter.title,
        "there": buyer_queries.replaceable_servers(person(request)),
        "typed": {name: request.POST.get(name, "") for name in ("name", "size", "where", "server")},
        **consent_context(request, offer.sku.spec.product, refused),
        "quote": price_quote(request, offer, periods=1),
        "idempotency_key": request.POST.get("idempotency_key", "")[:64] or ids.hex_id(),
        "refused": refused,
        "errors": {refused.field: refused.message} if refused else {},
    }
    return render(request, "storefront/server_new.html", context)


def price_quote(request: HttpRequest, offer: Offer, *, periods: int) -> str:
    """Return a quote that fixes the shown price."""
    priced = price_choice(offer, quantity=offer.sku.quantity_min, periods=periods)
    return quotes.sign_quote(
        person(request), offer, priced, version=sold_version(offer.sku.spec.product), now=now_of(request),
        lasts=timedelta(minutes=config().orders.quote_minutes),
    )  # fmt: skip


@buyer_page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own_server(request, pk))


@buyer_act
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the password as plain text. A POST keeps it out of history and prefetching."""
    login = _own_server(request, pk).login
    if login is None:
        raise Http404
    return HttpResponse(login.password, content_type="text/plain; charset=utf-8")


def _page(request: HttpRequest, server_view: ServerView, refused: Refused | None = None) -> HttpResponse:
    server = server_view.server
    context = {
        "shown": server_view,
        "server": server,
        "size": _size_title(server),
        "page": buyer_queries.times_of(server, after=request.GET.get("after", "")),
        "there": server.status in {"running", "broken", "stopped"},
        "prepaid": _prepaid_offer(server),
        "fault_words": for_buyers(server_view.gave_up.fault) if server_view.gave_up is not None else "",
        "refused": refused,
    }
    return render(request, "storefront/server.html", context)


def _size_title(server: Server) -> object:
    try:
        sizes = cloud(server.cloud).sizes
    except LookupError:  # an earlier cloud of this market
        return None
    return next((size.title for size in sizes if size.code == server.size), None)


def _prepaid_offer(server: Server) -> Offer | None:
    """Return the offer to pay for the server's image in advance, or None if it is not on sale."""
    if server.service is None:
        return None
    offers = server.service.offer.sku.offers.filter(on_sale=True).order_by("pk")
    return next((offer for offer in offers if offer.charging.ends), None)


def _run_act(request: HttpRequest, pk: int, verb: Callable[[], None], message: str) -> HttpResponse:
    server_view = _own_server(request, pk)
    try:
        verb()
    except Server.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _page(request, server_view, refused)
    messages.success(request, message)
    return redirect("storefront:server", pk)


@buyer_required
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(
        request, pk, lambda: servers.start(person(request), pk, now=now_of(request)), _("The server is being started.")
    )  # fmt: skip


@buyer_required
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(
        request, pk, lambda: servers.stop(person(request), pk, now=now_of(request)), _("The server is being stopped.")
    )  # fmt: skip


def _last_charge(request: HttpRequest, server: Server) -> dict[str, LastCharge | None]:
    """Return the final charge for the image's service; empty for a server without one."""
    if server.service is None:
        return {}
    zone = ZoneInfo(str(timezone.get_default_timezone()))
    return {"last": last_charge(server.service, zone=zone, now=now_of(request))}


@buyer_form
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace the system disk with one of the cloud's images. Images of the market are ordered on their product's page."""
    server_view, adapter, refused = _own_server(request, pk), _cloud(), None
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
        "shown": server_view, "server": server_view.server, "choices": adapter.images, "refused": refused,
        "errors": {refused.field: refused.message} if refused else {}, "picked": request.POST.get("image", ""),
        **_last_charge(request, server_view.server),
    }  # fmt: skip
    return render(request, "storefront/server_replace.html", context)


@buyer_form
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a server, after listing lost data and remaining costs."""
    server_view, refused = _own_server(request, pk), None
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
        "shown": server_view, "server": server_view.server, "refused": refused,
        "errors": {refused.field: refused.message} if refused else {}, **_last_charge(request, server_view.server),
    }  # fmt: skip
    return render(request, "storefront/server_release.html", context)
