"""Servers of buyers: what each runs and what the cloud did not do; period images that are idle, bound again by hand
(business-rules §5, §12)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import page
from tradepost.market.compute import observe, tasks
from tradepost.market.compute.faults import for_operators
from tradepost.market.compute.models import SandboxServer, Server, Task
from tradepost.market.images import operator_queries
from tradepost.market.images.bind import bind
from tradepost.market.images.models import PeriodImage
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.status import vocabulary


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": operator_queries.servers(status=status, after=request.GET.get("after", "")),
        "status": status if status in Server.Status.values else "",
        "statuses": vocabulary("server"),
    }
    return render(request, "console/servers.html", context)


def _found(pk: int) -> Server:
    found = operator_queries.find_server(pk)
    if found is None:
        raise Http404
    return found


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    server = _found(pk)
    listed = operator_queries.tasks_of(server, after=request.GET.get("after", ""))
    played = operator_queries.sandbox_server(server) if config().sandbox else None
    context = {
        "server": server,
        "page": listed,
        "rows": [
            (task, tasks.WORDS[task.action], for_operators(task.fault), getattr(task, "operation", None))
            for task in listed.rows
        ],
        "bindings": operator_queries.bindings_of(server),
        "played": played,
        "faults": SandboxServer.Fault.choices,
    }
    return render(request, "console/server.html", context)


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the cloud once more. What an operation waits for is restarted on the page of that."""
    task = Task.objects.filter(pk=pk, owner=None).first()
    if task is None:
        raise Http404
    try:
        tasks.restart(task, actor=person(request).email, now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("It is asked for already."))
    else:
        messages.success(request, _("The cloud is asked once more."))
    return redirect("console:server", task.server_id)


@operator_required
@require_POST
def fault(request: HttpRequest, pk: int) -> HttpResponse:
    """In a sandbox: the cloud that it plays works with this server, or fails."""
    server, wanted = _found(pk), request.POST.get("fault", "")
    played = operator_queries.sandbox_server(server) if config().sandbox else None
    if played is None or wanted not in SandboxServer.Fault.values:
        raise Http404
    SandboxServer.objects.filter(pk=played.pk).update(fault=wanted)
    observe.look(server, now=now_of(request))
    messages.success(request, _("The sandbox's cloud does so from now on."))
    return redirect("console:server", pk)


# --- period images ----------------------------------------------------------------------------------------------------


@operator_required
@require_safe
def images(request: HttpRequest) -> HttpResponse:
    listed = page(operator_queries.idle_images().order_by(), after=request.GET.get("after", ""))
    return render(request, "console/images.html", {"page": listed})


@operator_required
@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    return _image_page(request, _image(pk))


def _image(pk: int) -> PeriodImage:
    found = operator_queries.find_image(pk)
    if found is None:
        raise Http404
    return found


def _image_page(request: HttpRequest, found: PeriodImage, refused: Refused | None = None) -> HttpResponse:
    context = {
        "image": found,
        "servers": operator_queries.fitting(found) if found.status == PeriodImage.Status.IDLE else [],
        "history": operator_queries.history(found),
        "refused": refused,
    }
    return render(request, "console/image.html", context, status=refused.status if refused else 200)


@operator_required
@require_POST
def rebind(request: HttpRequest, pk: int) -> HttpResponse:
    """§5: binding an idle image to a server is an operator's act."""
    found = _image(pk)
    server = Server.objects.filter(pk=whole_number(request.POST.get("server", "")) or 0).first()
    if server is None:
        raise Http404
    try:
        bind(found, server, actor=person(request).email, now=now_of(request), by_operator=True)
    except Refused as refused:
        return _image_page(request, _image(pk), refused)
    messages.success(request, _("It covers the server from now on. The buyer was told."))
    return redirect("console:image", pk)
