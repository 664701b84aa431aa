"""Applications that enterprises use: what their sellers were told, and what an operator does when a seller does not take note."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import resend, run
from tradepost.market.applications.bind import unbind_without_the_seller
from tradepost.market.applications.models import TenantBinding
from tradepost.market.applications.operator_queries import Narrowed, all_bindings, find_binding
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import Seller
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.status import vocabulary
from tradepost.market.web.sync_view import mark_failures, sync_view
from tradepost.market.web.templatetags.ui import loc


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    asked = Narrowed(
        status=get.get("status", "")[:16], seller=get.get("seller", "")[:18],
        code=get.get("q", "").strip()[:64].replace("\x00", ""),
    )  # fmt: skip
    page, chosen = all_bindings(asked, after=get.get("after", "")), _seller_of(asked)
    mark_failures(page.rows)
    context = {
        "page": page, "asked": asked, "states": vocabulary("tenant binding"), "seller": chosen,
        "failed": counts_up_to(resend.failed_of_seller(chosen))[0] if chosen else None,
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in sellers_for_filter()],
    }  # fmt: skip
    return render(request, "console/bindings.html", context)


def _seller_of(asked: Narrowed) -> Seller | None:
    return Seller.objects.filter(pk=whole_number(asked.seller) or 0).first()


def _found(pk: int) -> TenantBinding:
    binding = find_binding(pk)
    if binding is None:
        raise Http404
    return binding


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    binding = _found(pk)
    return render(request, "console/binding.html", {"binding": binding, "sync": sync_view(binding)})


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Retry the failed calls."""
    try:
        run.restart(_found(pk).pk, actor=person(request).email, rules=sync_rules(), now=now_of(request))
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The failed calls are being retried."))
    return redirect("console:binding", pk)


@operator_required
@require_POST
def restart_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Every failed call to a seller."""
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
    """Confirm first: everything is sent again for this enterprise."""
    binding = _found(pk)
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
    """Without the seller, which keeps what it has of the enterprise."""
    try:
        unbind_without_the_seller(_found(pk), actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("It is unbound: the service can be bound again. The seller was not told."))
    return redirect("console:binding", pk)
