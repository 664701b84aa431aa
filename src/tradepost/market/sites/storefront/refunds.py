"""A buyer's refunds: the list, and one with what is paid back of which orders, who says what, and what can be done."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.assets.models import Proof
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.numbers import decimal_number
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import refund_of_buyer, refunds_of_buyer
from tradepost.market.orders.refund_requests import MOST_PROOFS, AskForRefund, Patience, ask_for_refund
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.proofs import given
from tradepost.market.web.refund_events import refund_events
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.status import vocabulary
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_in

from .unsubscribe import page

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": refunds_of_buyer(person(request), status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("refund"),
    }
    return render(request, "storefront/refunds.html", context)


def _own(request: HttpRequest, pk: int) -> Refund:
    found = refund_of_buyer(person(request), pk)
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _own(request, pk), None)


def _detail(request: HttpRequest, refund: Refund, refused: Refused | None) -> HttpResponse:
    now, waits = now_of(request), refund.status == Refund.Status.SELLER_REVIEW
    context = {
        "refund": refund,
        "product": refund.subscription.product,
        "contact": contact_of(refund.seller, refund.subscription.product, service=refund.subscription_id),
        "deleted_by": deleted_by(refund.subscription),
        "proofs": refund_requests.proofs_of(refund),
        "events": refund_events(refund),
        "may_appeal": waits and refund.appeal_at is not None and refund.appeal_at <= now,
        "may_contact": waits and refund.contact_at is not None and refund.contact_at <= now,
        "refused": refused,
        "typed": request.POST.get("appeal", ""),
    }
    return render(request, "storefront/refund.html", context, status=refused.status if refused else 200)


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        refund_requests.withdraw(_own(request, pk), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This request is decided already."))
    else:
        messages.success(request, _("You withdrew the request. The service goes on."))
    return redirect("storefront:refund", pk=pk)


@buyer_required
@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    refund = _own(request, pk)
    try:
        refund_requests.appeal(refund, request.POST.get("appeal", ""), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This request is decided already."))
    except Refused as refused:
        return _detail(request, refund, refused)
    else:
        messages.success(request, _("The operator is asked to decide."))
    return redirect("storefront:refund", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """What either side showed, always as a download: a browser that showed it would run in our name what a PDF may hold."""
    proof = refund_requests.proof_shown(_own(request, pk), sha256)
    return given(proof)


@takes_pictures(0, proofs=MOST_PROOFS)
@buyer_required
@private
@require_http_methods(["POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller of a service for a refund."""
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    settings, kept = config(), _kept(request, found)
    try:
        kept += _handed_in(request, found, most=MOST_PROOFS - len(kept))
        refund = ask_for_refund(
            person(request),
            _wanted(request, found, kept),
            rules=rules_now(),
            patience=patience(),
            a_day=settings.refund_requests_a_day,
            now=now_of(request),
            stalled=stalled_orders(found),
        )
    except Refused as refused:
        return page(request, found, refused, kept=kept)
    return redirect("storefront:refund", pk=refund.pk)


def patience() -> Patience:
    settings = config()
    return Patience(
        contact_workdays=settings.refund_contact_workdays,
        appeal_days=settings.refund_appeal_days,
        zone=timezone.get_default_timezone(),
    )


def _kept(request: HttpRequest, found: Subscription) -> list[Proof]:
    """What this buyer handed in with the form before: who corrects a field need not hand it in again."""
    hashes = request.POST.getlist("kept")[:MOST_PROOFS]
    return list(Proof.objects.filter(sha256__in=hashes, seller=found.seller, by=person(request)).order_by("pk"))


def _handed_in(request: HttpRequest, found: Subscription, *, most: int) -> list[Proof]:
    uploads = [one for n in range(MOST_PROOFS) if (one := uploaded_in(request, f"proof_{n}")) is not None]
    return [
        keep_proof(one, seller=found.seller, by=person(request), now=now_of(request), of_buyer=True)
        for one in uploads[:most]
    ]


def _wanted(request: HttpRequest, found: Subscription, kept: list[Proof]) -> AskForRefund:
    return AskForRefund(
        subscription=found.pk,
        amount_minor=_minor(request.POST.get("amount", ""), found.offer.currency),
        reason=request.POST.get("reason", ""),
        shows_phone=request.POST.get("shows_phone") == "on",
        proofs=tuple(dict.fromkeys(proof.sha256 for proof in kept)),
    )


def _minor(text: str, currency: str) -> int:
    """In the smallest unit; -1 for what is no amount in it."""
    number = decimal_number(text, digits=10, decimals=MINOR_DIGITS[currency])
    return -1 if number is None else Money.of(number, currency).minor
