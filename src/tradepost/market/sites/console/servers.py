"""Servers of buyers with their images and failed cloud tasks, and idle period images that operators bind again
(business-rules §5, §12)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.compute import observe, tasks
from tradepost.market.compute.faults import for_operators
from tradepost.market.compute.models import SandboxServer, Server, Task
from tradepost.market.images import operator_queries
from tradepost.market.images.bind import bind
from tradepost.market.images.models import PeriodImage
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    moment,
    page_link,
    require_choice,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT, buyer_column


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Server]:
    del request
    return operator_queries.servers(
        status=query["status"], since=query.since, until=query.until, after=after, size=size
    )


LISTING: Listing[Server, Server] = Listing(
    name="console:servers",
    title=gettext_lazy("Servers"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Server"), "name", "console:server", "pk", under="address"),
        text(gettext_lazy("IP address"), "address", on_page=False),
        buyer_column(),
        state(gettext_lazy("State"), "server"),
        page_link(gettext_lazy("Image"), "service.product:name", "console:service", "service_id", labelled=True),
        moment(gettext_lazy("Since"), "created_at"),
    ),
    filters=(states("server"), time_range()),
    empty=Empty(
        icon="device-desktop",
        title=gettext_lazy("No servers yet"),
        text=gettext_lazy("Servers that buyers start with images of the store appear here."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No servers found"), text=gettext_lazy("Try another state or time.")
    ),
    file="servers",
    links=(Link(words=gettext_lazy("Servers without an order"), page="console:orphans"),),
)
index = operator_list(LISTING)


def _server(pk: int) -> Server:
    server = operator_queries.find_server(pk)
    if server is None:
        raise Http404
    return server


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    server = _server(pk)
    task_page = operator_queries.tasks_of(server, after=request.GET.get("after", ""))
    sandbox_server = operator_queries.sandbox_server(server) if config().sandbox else None
    context = {
        "server": server,
        "page": task_page,
        "rows": [
            (task, tasks.PROGRESS_MESSAGES[task.action], for_operators(task.fault), getattr(task, "operation", None))
            for task in task_page.rows
        ],
        "bindings": operator_queries.bindings_of(server),
        "played": sandbox_server,
        "faults": SandboxServer.Fault.choices,
    }
    return render(request, "console/server.html", context)


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Retry a cloud task. Tasks of an operation are restarted on the operation's page."""
    task = Task.objects.filter(pk=pk, owner=None).first()
    if task is None:
        raise Http404
    try:
        tasks.restart(task, actor=person(request).email, now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("Already requested."))
    else:
        messages.success(request, _("The request was sent to the cloud again."))
    return redirect("console:server", task.server_id)


@operator_required
@require_POST
def fault(request: HttpRequest, pk: int) -> HttpResponse:
    """Set a fault of the sandbox's cloud for this server, or clear it."""
    server, fault_name = _server(pk), request.POST.get("fault", "")
    sandbox_server = operator_queries.sandbox_server(server) if config().sandbox else None
    if sandbox_server is None:
        raise Http404
    require_choice(fault_name if fault_name in SandboxServer.Fault.values else None)
    SandboxServer.objects.filter(pk=sandbox_server.pk).update(fault=fault_name)
    observe.observe_server(server, now=now_of(request))
    messages.success(request, _("The sandbox cloud now uses this setting."))
    return redirect("console:server", pk)


# --- period images ----------------------------------------------------------------------------------------------------


def _idle_images(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[PeriodImage]:
    del request, query
    return page(operator_queries.idle_images().order_by(), after=after, size=size)


IMAGES: Listing[PeriodImage, PeriodImage] = Listing(
    name="console:images",
    title=gettext_lazy("Idle period images"),
    intro=gettext_lazy(
        "Their server has another system disk, or was deleted. These images cover nothing until you bind them to "
        "another server of the buyer."
    ),
    layout=LAYOUT,
    source=_idle_images,
    columns=(
        page_link(gettext_lazy("Period image"), "service.product:name", "console:image", "pk"),
        buyer_column("service.buyer"),
        moment(gettext_lazy("Idle since"), "idle_since"),
        moment(gettext_lazy("Paid until"), "service.expires_at"),
    ),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No period image is idle"),
        text=gettext_lazy("Period images appear here when their server gets another system disk or is deleted."),
    ),
    file="idle-images",
)
images = operator_list(IMAGES)


@operator_required
@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    return _image_page(request, _image(pk))


def _image(pk: int) -> PeriodImage:
    period_image = operator_queries.find_image(pk)
    if period_image is None:
        raise Http404
    return period_image


def _image_page(request: HttpRequest, period_image: PeriodImage, refused: Refused | None = None) -> HttpResponse:
    context = {
        "image": period_image,
        "servers": operator_queries.coverable_servers(period_image)
        if period_image.status == PeriodImage.Status.IDLE
        else [],
        "history": operator_queries.history(period_image),
        "refused": refused,
    }
    return render(request, "console/image.html", context)


@operator_required
@require_POST
def rebind(request: HttpRequest, pk: int) -> HttpResponse:
    """Bind an idle image to a server, which only operators may do (§5)."""
    idle_image = _image(pk)
    server = Server.objects.filter(pk=whole_number(request.POST.get("server", "")) or 0).first()
    try:
        bind(idle_image, require_choice(server), actor=person(request).email, now=now_of(request), by_operator=True)
    except Refused as refused:
        return _image_page(request, _image(pk), refused)
    messages.success(request, _("The server is now covered. The buyer was notified."))
    return redirect("console:image", pk)
