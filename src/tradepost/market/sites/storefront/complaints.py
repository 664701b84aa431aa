"""A buyer's complaints about sellers: the list, a new one about an order, a service, a product or a seller, and one with what
was said (business-rules §9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.assets.models import Proof
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import LONGEST
from tradepost.market.service_desk.complaint_queries import complaint_of_buyer, complaints_of_buyer
from tradepost.market.service_desk.complaints import MOST_PROOFS, Complain, Subject
from tradepost.market.service_desk.models import Complaint
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.proofs import given
from tradepost.market.web.refusals import say_why
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.service_desk import desk_rules_now
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_in

private = cache_control(private=True, no_store=True)
NAMED = ("order", "service", "product", "seller")
"""In the address: what a complaint is about."""
CHOOSE = [("", gettext_lazy("Choose"))]


class ComplaintForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=[*CHOOSE, *Complaint.Reason.choices])
    text = forms.CharField(
        label=gettext_lazy("Your complaint"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "When, what was agreed on, and how you tried to reach the seller. The seller reads it, too."
        ),
    )


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = complaints_of_buyer(person(request), after=request.GET.get("after", ""))
    return render(request, "storefront/complaints.html", {"page": found})


@takes_pictures(0, proofs=MOST_PROOFS)
@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    if not any(request.GET.get(name) for name in NAMED):
        return redirect("storefront:complaints")
    about = subject_of(person(request), request.GET)
    form = ComplaintForm(request.POST or None)
    kept: list[Proof] = []
    status = 200
    if request.method == "POST":
        kept = _kept(request, about.seller)
        try:
            kept += _handed_in(request, about.seller, most=MOST_PROOFS - len(kept))
            if form.is_valid():
                return redirect("storefront:complaint", pk=_complain(request, about, form, kept).pk)
            status = 400
        except Refused as refused:
            form.is_valid()
            say_why(form, refused)
            status = refused.status
    context = {
        **_shown(about),
        "form": form,
        "kept": kept,
        "proof_fields": range(MOST_PROOFS - len(kept)),
        "most_mb": f"{config().proof_most_bytes / 1_048_576:g}",
        "hours": config().complaint_reply_hours,
    }
    return render(request, "storefront/complaint_new.html", context, status=status)


def _complain(request: HttpRequest, about: Subject, form: ComplaintForm, kept: list[Proof]) -> Complaint:
    wanted = Complain(
        about=about,
        reason=form.cleaned_data["reason"],
        text=form.cleaned_data["text"],
        proofs=tuple(dict.fromkeys(proof.sha256 for proof in kept)),
    )
    a_day = config().complaints_a_day
    return complaints.complain(person(request), wanted, rules=desk_rules_now(), a_day=a_day, now=now_of(request))


def subject_of(buyer: User, asked: QueryDict) -> Subject:
    """What the address names: the buyer's own order or service, a product that is or was sold, a seller. 404 for the rest."""
    if number := asked.get("order", ""):
        return _order(buyer, number, asked.get("product", ""))
    if (key := whole_number(asked.get("service", ""))) is not None:
        held = buyer_subscription(buyer, key)
        if held is not None:
            return Subject(seller=held.seller, product=held.product, subscription=held)
    if slug := asked.get("product", ""):
        shown = Product.objects.select_related("seller").exclude(status=Product.Status.DRAFT).filter(slug=slug).first()
        if shown is not None:
            return Subject(seller=shown.seller, product=shown)
    seller = Seller.objects.filter(slug=asked.get("seller", "")).exclude(status=Seller.Status.APPLICANT).first()
    if seller is None:
        raise Http404
    return Subject(seller=seller)


def _order(buyer: User, number: str, slug: str) -> Subject:
    order = buyer_order(buyer, number)
    lines = list(order.lines.all()) if order is not None else []
    line = next((one for one in lines if one.product.slug == slug), lines[0] if lines else None)
    if order is None or line is None:
        raise Http404
    return Subject(seller=line.seller, product=line.product, order=order)


def _shown(about: Subject) -> dict[str, Any]:
    return {
        "seller": about.seller,
        "product": about.product,
        "order": about.order,
        "subscription": about.subscription,
        "contact": contact_of(about.seller, about.product),
    }


def _kept(request: HttpRequest, seller: Seller) -> list[Proof]:
    """What this buyer handed in with the form before: who corrects a field need not hand it in again."""
    hashes = request.POST.getlist("kept")[:MOST_PROOFS]
    return list(Proof.objects.filter(sha256__in=hashes, seller=seller, by=person(request)).order_by("pk"))


def _handed_in(request: HttpRequest, seller: Seller, *, most: int) -> list[Proof]:
    uploads = [one for n in range(MOST_PROOFS) if (one := uploaded_in(request, f"proof_{n}")) is not None]
    return [
        keep_proof(one, seller=seller, by=person(request), now=now_of(request), of_buyer=True) for one in uploads[:most]
    ]


def _own(request: HttpRequest, pk: int) -> Complaint:
    found = complaint_of_buyer(person(request), pk)
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    about = Subject(
        seller=found.seller, product=found.product, order=found.order, subscription=found.subscription
    )  # fmt: skip
    context = {
        **_shown(about),
        "complaint": found,
        "proofs": complaints.proofs_of(found),
        "events": complaint_events(found),
    }
    return render(request, "storefront/complaint.html", context)


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        complaints.withdraw(_own(request, pk), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This complaint is decided already."))
    else:
        messages.success(request, _("You withdrew the complaint. The seller is told."))
    return redirect("storefront:complaint", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """What the buyer showed, always as a download."""
    found = complaints.proofs_of(_own(request, pk))
    proof = next((one for one in found if one.sha256 == sha256), None)
    return given(proof)
