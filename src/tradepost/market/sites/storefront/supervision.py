"""A buyer's supervised deliveries: the list, and one with what is waited for, what was said, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import cancel, handed_file, queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import appeal as appeal_to
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.supervision_view import (
    MOST_PROOFS,
    act_of,
    amount_in,
    clocks_now,
    context_of,
    document_of,
    proofs_in,
    said_in,
    status_of,
)
from tradepost.market.web.uploads import files, takes_pictures

from .delivered import shown

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = queries.of_buyer(person(request), after=request.GET.get("after", ""))
    return render(request, "storefront/supervisions.html", {"page": found})


def _own(request: HttpRequest, pk: int) -> Supervision:
    found = queries.find(pk, buyer=person(request))
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk), None)


def _page(request: HttpRequest, supervision: Supervision, refused: Refused | None) -> HttpResponse:
    context = context_of(supervision, Party.BUYER, request, refused)
    context["contact"] = contact_of(supervision.seller, supervision.line.product, service=supervision.subscription_id)
    context["subscription"] = supervision.subscription
    context["delivered"] = shown(supervision.subscription, supervision)
    return render(request, "storefront/supervision.html", context, status=status_of(refused))


def _do(request: HttpRequest, pk: int, what: Callable[[Supervision], object], told: str) -> HttpResponse:
    found = _own(request, pk)
    try:
        what(found)
    except Refused as refused:
        return _page(request, _own(request, pk), refused)
    messages.success(request, told)
    return redirect("storefront:supervision", pk=pk)


@takes_pictures(0, proofs=MOST_PROOFS)
@buyer_required
@private
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    def do(found: Supervision) -> None:
        user, now = person(request), now_of(request)
        said = said_in(request, found, by=user, of_buyer=True, now=now)
        act_on(pk, Party.BUYER, act_of(request), said, by=user, clocks=clocks_now(), now=now)

    return _do(request, pk, do, _("Done. Both sides see it here."))


@buyer_required
@require_POST
def ask_to_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    def do(found: Supervision) -> None:
        amount = amount_in(request, found.line.order.currency)
        ends = request.POST.get("ends", "yes") == "yes"
        cancel.ask(pk, request.POST.get("reason", ""), amount_minor=amount, ends=ends, now=now_of(request))

    return _do(request, pk, do, _("The seller is asked. You are told of the answer."))


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(
        request, pk, lambda _found: cancel.withdraw(pk, now=now_of(request)),
        _("You withdrew the request. The delivery goes on."),
    )  # fmt: skip


@takes_pictures(0, proofs=MOST_PROOFS)
@buyer_required
@private
@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    def do(found: Supervision) -> None:
        user, now = person(request), now_of(request)
        proofs = proofs_in(request, found, by=user, of_buyer=True, now=now)
        appeal_to(pk, Party.BUYER, request.POST.get("appeal", ""), proofs, by=user, clocks=clocks_now(), now=now)

    return _do(request, pk, do, _("The operator is asked to decide. Until then the delivery stands still."))


@buyer_required
@private
@require_POST
def fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """The file that was sold. That it was fetched is kept, so that this is no plain link."""
    own = _own(request, pk)
    try:
        version = handed_file.fetch(pk, now=now_of(request))
    except Supervision.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _page(request, own, refused)
    if not version.sha256 or not files().has(version.sha256):
        raise Http404
    return send_file(files().path(version.sha256), name=version.file_name)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_own(request, pk), sha256)
