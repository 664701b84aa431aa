"""A buyer's complaints about sellers: list, new complaint about an order, service, product or seller, and detail page
(business-rules §9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.assets.models import Proof
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import MAX_LENGTH
from tradepost.market.service_desk.complaint_queries import complaint_of_buyer, complaints_of_buyer
from tradepost.market.service_desk.complaints import MAX_PROOFS, RaiseComplaint, Subject
from tradepost.market.service_desk.models import Complaint
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.pages import Empty, Link, Listing, moment, page_link, state, submitted_data, text, time_range
from tradepost.market.web.pages.guards import buyer_form, buyer_list, buyer_page
from tradepost.market.web.proofs import proof_download
from tradepost.market.web.refusals import add_refusal, status_of
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.service_desk import desk_rules_now
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_file

SUBJECT_PARAMETERS = ("order", "service", "product", "seller")
"""Query parameters that name the subject of a complaint."""
EMPTY_CHOICE = [("", gettext_lazy("Choose"))]


class ComplaintForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("Complaint type"), choices=[*EMPTY_CHOICE, *Complaint.Reason.choices])
    text = forms.CharField(
        label=gettext_lazy("Your complaint"),
        max_length=MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Describe when it happened, what was agreed and how you tried to contact the seller. The seller can "
            "see it, too."
        ),
    )


LISTING: Listing[Complaint, Complaint] = Listing(
    name="storefront:complaints",
    title=gettext_lazy("My complaints"),
    up=Link(words=gettext_lazy("My orders"), page="storefront:orders"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: complaints_of_buyer(
        person(request), within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Seller"), "seller:name", "storefront:complaint", "pk", under="get_reason_display"),
        text(
            gettext_lazy("About"),
            lambda complaint: localised_name(complaint.product) if complaint.product else _("The seller"),
        ),
        moment(gettext_lazy("Submitted at"), "created_at"),
        state(gettext_lazy("State"), "complaint"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="message",
        title=gettext_lazy("No complaints"),
        text=gettext_lazy(
            "If a seller does not respond or something goes wrong, submit a complaint on the order or service page."
        ),
        action=gettext_lazy("My services"),
        page="storefront:subscriptions",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No complaints found"), text=gettext_lazy("Try another time.")),
    size=20,
    file="complaints",
)
index = buyer_list(LISTING)


@takes_pictures(0, proofs=MAX_PROOFS)
@buyer_form
def new(request: HttpRequest) -> HttpResponse:
    if not any(request.GET.get(name) for name in SUBJECT_PARAMETERS):
        return redirect("storefront:complaints")
    about = subject_of(person(request), request.GET)
    form = ComplaintForm(submitted_data(request))
    proofs: list[Proof] = []
    status = 200
    if request.method == "POST":
        proofs = _earlier_proofs(request, about.seller)
        try:
            proofs += _new_proofs(request, about.seller, most=MAX_PROOFS - len(proofs))
            if form.is_valid():
                return redirect("storefront:complaint", pk=_complain(request, about, form, proofs).pk)
            status = 422
        except Refused as refused:
            form.is_valid()
            add_refusal(form, refused)
            status = status_of(refused)
    context = {
        **_subject_context(about),
        "form": form,
        "kept": proofs,
        "proof_fields": range(MAX_PROOFS - len(proofs)),
        "most_mb": f"{config().assets.proof_most_bytes / 1_048_576:g}",
        "hours": config().service_desk.complaint_reply_hours,
    }
    return render(request, "storefront/complaint_new.html", context, status=status)


def _complain(request: HttpRequest, about: Subject, form: ComplaintForm, proofs: list[Proof]) -> Complaint:
    command = RaiseComplaint(
        about=about,
        reason=form.cleaned_data["reason"],
        text=form.cleaned_data["text"],
        proofs=tuple(dict.fromkeys(proof.sha256 for proof in proofs)),
    )
    a_day = config().service_desk.complaints_a_day
    return complaints.complain(person(request), command, rules=desk_rules_now(), a_day=a_day, now=now_of(request))


def subject_of(buyer: User, asked: QueryDict) -> Subject:
    """Return the subject of a complaint: the buyer's order or service, a product with sales, or a seller. 404 for
    others."""
    if number := asked.get("order", ""):
        return _order(buyer, number, asked.get("product", ""))
    if (key := whole_number(asked.get("service", ""))) is not None:
        service = buyer_subscription(buyer, key)
        if service is not None:
            return Subject(seller=service.seller, product=service.product, subscription=service)
    if slug := asked.get("product", ""):
        product = (
            Product.objects.select_related("seller").exclude(status=Product.Status.DRAFT).filter(slug=slug).first()
        )
        if product is not None:
            return Subject(seller=product.seller, product=product)
    seller = Seller.objects.filter(slug=asked.get("seller", "")).exclude(status=Seller.Status.APPLICANT).first()
    if seller is None:
        raise Http404
    return Subject(seller=seller)


def _order(buyer: User, number: str, slug: str) -> Subject:
    order = buyer_order(buyer, number)
    lines = list(order.lines.all()) if order is not None else []
    line = next((line for line in lines if line.product.slug == slug), lines[0] if lines else None)
    if order is None or line is None:
        raise Http404
    return Subject(seller=line.seller, product=line.product, order=order)


def _subject_context(about: Subject) -> dict[str, Any]:
    return {
        "seller": about.seller,
        "product": about.product,
        "order": about.order,
        "subscription": about.subscription,
        "contact": contact_of(about.seller, about.product),
    }


def _earlier_proofs(request: HttpRequest, seller: Seller) -> list[Proof]:
    """Return the documents that this buyer submitted with the form before, so that corrections need no second upload."""
    hashes = request.POST.getlist("kept")[:MAX_PROOFS]
    return list(Proof.objects.filter(sha256__in=hashes, seller=seller, by=person(request)).order_by("pk"))


def _new_proofs(request: HttpRequest, seller: Seller, *, most: int) -> list[Proof]:
    uploads = [file for index in range(MAX_PROOFS) if (file := uploaded_file(request, f"proof_{index}")) is not None]
    return [
        keep_proof(upload, seller=seller, by=person(request), now=now_of(request), of_buyer=True)
        for upload in uploads[:most]
    ]


def _own_complaint(request: HttpRequest, pk: int) -> Complaint:
    complaint = complaint_of_buyer(person(request), pk)
    if complaint is None:
        raise Http404
    return complaint


@buyer_page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    complaint = _own_complaint(request, pk)
    about = Subject(
        seller=complaint.seller, product=complaint.product, order=complaint.order, subscription=complaint.subscription
    )  # fmt: skip
    context = {
        **_subject_context(about),
        "complaint": complaint,
        "proofs": complaints.proofs_of(complaint),
        "events": complaint_events(complaint),
    }
    return render(request, "storefront/complaint.html", context)


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        complaints.withdraw(_own_complaint(request, pk), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This complaint is decided already."))
    else:
        messages.success(request, _("Complaint withdrawn. The seller was notified."))
    return redirect("storefront:complaint", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """Return a document of the buyer as a download."""
    proofs = complaints.proofs_of(_own_complaint(request, pk))
    proof = next((candidate for candidate in proofs if candidate.sha256 == sha256), None)
    return proof_download(proof)
