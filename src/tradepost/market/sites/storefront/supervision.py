"""A buyer's supervised deliveries: list, and detail page with current step, messages and possible acts."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import cancel, handed_file, queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import appeal as appeal_to
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages import Empty, Link, Listing, moment, money, page_link, state, time_range
from tradepost.market.web.pages.guards import buyer_act, buyer_list, buyer_page
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.supervision_view import (
    MAX_PROOFS,
    clocks_now,
    document_of,
    submitted_act,
    submitted_amount,
    submitted_proofs,
    submitted_values,
    supervision_context,
)
from tradepost.market.web.uploads import files, takes_pictures

from .delivered import delivered_content


def _turn_label(supervision: Supervision) -> str:
    is_buyers_turn = supervision.status == Supervision.Status.RUNNING and supervision.owner == Party.BUYER
    return _("Your turn") if is_buyers_turn else ""


LISTING: Listing[Supervision, Supervision] = Listing(
    name="storefront:supervisions",
    title=gettext_lazy("My deliveries"),
    up=Link(words=gettext_lazy("My orders"), page="storefront:orders"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: queries.deliveries_of_buyer(
        person(request), within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Product"), "line:product_name", "storefront:supervision", "pk", under=_turn_label),
        moment(gettext_lazy("Start time"), "opened_at"),
        money(gettext_lazy("Amount"), "line.amount"),
        state(gettext_lazy("State"), "supervision"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="truck-delivery",
        title=gettext_lazy("No deliveries yet"),
        text=gettext_lazy("Services, goods and licenses with step-by-step delivery appear here."),
        action=gettext_lazy("My orders"),
        page="storefront:orders",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No deliveries found"), text=gettext_lazy("Try another time.")),
    size=20,
    file="deliveries",
)
index = buyer_list(LISTING)


def _own_supervision(request: HttpRequest, pk: int) -> Supervision:
    supervision = queries.find_delivery(pk, buyer=person(request))
    if supervision is None:
        raise Http404
    return supervision


@buyer_page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own_supervision(request, pk), None)


def _page(request: HttpRequest, supervision: Supervision, refused: Refused | None) -> HttpResponse:
    context = supervision_context(supervision, Party.BUYER, request, refused)
    context["contact"] = contact_of(supervision.seller, supervision.line.product, service=supervision.subscription_id)
    context["subscription"] = supervision.subscription
    context["delivered"] = delivered_content(supervision.subscription, supervision)
    return render(request, "storefront/supervision.html", context)


def _run_act(request: HttpRequest, pk: int, verb: Callable[[Supervision], object], message: str) -> HttpResponse:
    supervision = _own_supervision(request, pk)
    try:
        verb(supervision)
    except Refused as refused:
        return _page(request, _own_supervision(request, pk), refused)
    messages.success(request, message)
    return redirect("storefront:supervision", pk=pk)


@takes_pictures(0, proofs=MAX_PROOFS)
@buyer_act
def act(request: HttpRequest, pk: int) -> HttpResponse:
    def do(supervision: Supervision) -> None:
        user, now = person(request), now_of(request)
        values = submitted_values(request, supervision, by=user, of_buyer=True, now=now)
        act_on(pk, Party.BUYER, submitted_act(request), values, by=user, clocks=clocks_now(), now=now)

    return _run_act(request, pk, do, _("Saved. Both parties can see it here."))


@buyer_required
@require_POST
def ask_to_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    def do(supervision: Supervision) -> None:
        amount = submitted_amount(request, supervision.line.order.currency)
        ends = request.POST.get("ends", "yes") == "yes"
        cancel.request_refund(pk, request.POST.get("reason", ""), amount_minor=amount, ends=ends, now=now_of(request))

    return _run_act(request, pk, do, _("Request sent to the seller. You will be notified of the answer."))


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(
        request, pk, lambda _found: cancel.withdraw(pk, now=now_of(request)),
        _("You withdrew the request. The delivery continues."),
    )  # fmt: skip


@takes_pictures(0, proofs=MAX_PROOFS)
@buyer_act
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    def do(supervision: Supervision) -> None:
        user, now = person(request), now_of(request)
        proofs = submitted_proofs(request, supervision, by=user, of_buyer=True, now=now)
        appeal_to(pk, Party.BUYER, request.POST.get("appeal", ""), proofs, by=user, clocks=clocks_now(), now=now)

    return _run_act(request, pk, do, _("You requested a decision by the operator. The delivery is paused until then."))


@buyer_act
def fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the purchased file. A POST, because the download is recorded."""
    supervision = _own_supervision(request, pk)
    try:
        version = handed_file.fetch_for_buyer(pk, now=now_of(request))
    except Supervision.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _page(request, supervision, refused)
    if not version.sha256 or not files().has(version.sha256):
        raise Http404
    return send_file(files().path(version.sha256), name=version.file_name)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_own_supervision(request, pk), sha256)
