"""Applications of enterprises: synchronisation with their sellers, and an operator's acts if it fails."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import resend, run
from tradepost.market.applications.bind import unbind_without_the_seller
from tradepost.market.applications.models import TenantBinding
from tradepost.market.applications.operator_queries import BindingFilters, all_bindings, find_binding
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.identity.models import Seller
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    day,
    fragment,
    page_link,
    search,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look
from tradepost.market.web.sync_view import mark_failures, sync_view

from .list_parts import LAYOUT, seller_column, seller_filter


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[TenantBinding]:
    del request
    narrowed = BindingFilters(
        status=query["status"], seller=query["seller"], code=query["q"], since=query.since, until=query.until
    )
    return all_bindings(narrowed, after=after, size=size)


def _rows(request: HttpRequest, bindings: list[TenantBinding]) -> list[TenantBinding]:
    del request
    mark_failures(bindings)
    return bindings


def _failure_context(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    """Return the number of failed synchronisations with the chosen seller."""
    del request
    company = _seller_of(query["seller"])
    return {"seller": company, "failed": counts_up_to(resend.failed_of_seller(company))[0] if company else None}


def _application(binding: TenantBinding) -> str | Promise:
    return "" if binding.subscription_id else gettext_lazy("Seller's test")


LISTING: Listing[TenantBinding, TenantBinding] = Listing(
    name="console:bindings",
    title=gettext_lazy("Applications of enterprises"),
    intro=gettext_lazy(
        "Services whose members sign in through an enterprise, and whether their sellers have the members."
    ),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            gettext_lazy("Enterprise"),
            "enterprise.name",
            "console:binding",
            "pk",
            under="enterprise.code",
            css="c-cell",
        ),
        text(gettext_lazy("Enterprise code"), "enterprise.code", on_page=False),
        text(gettext_lazy("Application"), "application.name", under=_application, css="c-cell"),
        seller_column("application.seller"),
        fragment(
            gettext_lazy("State"),
            lambda one: str(look("tenant binding", one.status).label),
            "console/parts/binding_state.html",
            labelled=False,
        ),
        day(gettext_lazy("Since"), "created_at"),
    ),
    filters=(
        search(gettext_lazy("Complete code"), label=gettext_lazy("Enterprise code")),
        states("tenant binding"),
        seller_filter(),
        time_range(),
    ),
    empty=Empty(
        icon="plug-connected",
        title=gettext_lazy("No applications yet"),
        text=gettext_lazy("Applications appear here when a buyer binds a service to an enterprise."),
    ),
    no_fit=Empty(
        icon="search",
        title=pgettext_lazy("software", "No applications found"),
        text=gettext_lazy("Enter a complete enterprise code, or try another state, seller or time."),
    ),
    file="applications",
    template="console/bindings.html",
    also=_failure_context,
)
index = operator_list(LISTING)


def _seller_of(key: str) -> Seller | None:
    return Seller.objects.filter(pk=whole_number(key) or 0).first()


def _binding(pk: int) -> TenantBinding:
    binding = find_binding(pk)
    if binding is None:
        raise Http404
    return binding


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    binding = _binding(pk)
    return render(request, "console/binding.html", {"binding": binding, "sync": sync_view(binding)})


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Retry the failed calls of a binding."""
    try:
        run.restart(_binding(pk).pk, actor=person(request).email, rules=sync_rules(), now=now_of(request))
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The failed calls are being retried."))
    return redirect("console:binding", pk)


@operator_required
@require_POST
def restart_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Retry all failed calls to a seller."""
    seller = Seller.objects.filter(pk=pk).first()
    if seller is None:
        raise Http404
    failed = resend.failed_of_seller(seller).values_list("pk", flat=True)
    if resend.request_retries(failed, actor=person(request).email, now=now_of(request)):
        messages.success(request, _("All failed calls to the seller are being retried."))
    else:
        messages.info(request, _("No synchronisation with this seller has failed, so there is nothing to retry."))
    return redirect(f"{reverse('console:bindings')}?seller={pk}")


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send everything again for this enterprise, after a confirmation."""
    binding = _binding(pk)
    if request.method == "POST":
        try:
            resend.resend(binding.pk, actor=person(request).email, rules=sync_rules(), now=now_of(request))
        except Refused as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(request, _("Everything is being sent to the seller again."))
        return redirect("console:binding", pk)
    return render(request, "console/binding_send_again.html", {"binding": binding})


@operator_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Unbind an application without its seller, which keeps its data about the enterprise."""
    try:
        unbind_without_the_seller(_binding(pk), actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Unbound. The service can be bound again. The seller was not notified."))
    return redirect("console:binding", pk)
