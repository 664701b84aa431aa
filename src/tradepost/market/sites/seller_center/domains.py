"""Domains of the seller: registered alone, proven by a file or a DNS record, looked at while one waits (saas-v2 §1.2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.identity import domains as verbs
from tradepost.market.identity.domain_names import expected, file_url, record_name
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain

from .domain_words import missing
from .frame import SellerRequest, found, seller_page, show
from .looks import not_too_often


class DomainForm(forms.Form):
    host = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=300,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "placeholder": "api.example.com"}
        ),
        help_text=gettext_lazy("Alone, without port and path. A name in another script in its xn-- form."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def domains(request: SellerRequest) -> HttpResponse:
    form = DomainForm(request.POST or None)
    if form.is_valid() and (made := _register(request, form)) is not None:
        if made.status == Domain.Status.VERIFIED:
            messages.success(request, _("%(domain)s is verified, because this is a sandbox.") % {"domain": made.host})
        return redirect("seller_center:domain", pk=made.pk)
    own = Domain.objects.filter(seller=request.seller).annotate(used=Count("addresses")).order_by("host")
    return show(request, "seller_center/domains.html", form=form, domains=list(own))


def _register(request: SellerRequest, form: DomainForm) -> Domain | None:
    settings = config()
    try:
        with transaction.atomic():
            return verbs.register_domain(
                request.seller,
                form.cleaned_data["host"],
                outbound=settings.outbound,
                most=settings.domains_most,
                now=request.now,
            )
    except Refused as refused:
        form.add_error("host", refused.message)
        return None


@require_safe
@seller_page(menu=Menu.TOOLS)
def domain(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/domain.html", **_facts(request, pk))


@require_safe
@seller_page(menu=Menu.TOOLS)
def domain_live(request: SellerRequest, pk: int) -> HttpResponse:
    """The part that changes while a look is under way; it asks for itself again until the look has ended."""
    return show(request, "seller_center/parts/domain_live.html", **_facts(request, pk))


@require_POST
@seller_page(menu=Menu.TOOLS)
def check(request: SellerRequest, pk: int) -> HttpResponse:
    own = _domain(request, pk)
    not_too_often(request)
    verbs.ask_for_proof(own, now=request.now)
    return redirect("seller_center:domain", pk=pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete(request: SellerRequest, pk: int) -> HttpResponse:
    own = _domain(request, pk)
    verbs.delete_domain(own, used_by=own.addresses.count() + own.web_tasks.count())
    messages.success(request, _("The domain %(domain)s is deleted.") % {"domain": own.host})
    return redirect("seller_center:domains")


def _domain(request: SellerRequest, pk: int) -> Domain:
    return found(Domain.objects.filter(seller=request.seller, pk=pk).first())


def _facts(request: SellerRequest, pk: int) -> dict[str, Any]:
    own = _domain(request, pk)
    job = leased_jobs.newest(verbs.PROVE, str(own.pk))
    looking = job is not None and job.state != State.ENDED
    broke_off = job is not None and not looking and job.outcome == "failed"
    proven = own.status == Domain.Status.VERIFIED and own.how in {*verbs.PROVEN, Domain.How.SANDBOX}
    return {
        "own": own,
        "proven": proven,
        "https_url": file_url(own.host),
        "http_url": file_url(own.host, "http"),
        "record": record_name(own.host),
        "value": expected(own.token),
        "looking": looking,
        "looked": job.done if job is not None else 0,
        "broke_off": broke_off,
        "missing": [] if looking or broke_off else missing(own),
        "addresses": list(own.addresses.order_by("url")),
        "web_tasks": list(own.web_tasks.order_by("url")),
        "days": config().domain_recheck_days,
        "failures": config().domain_failures,
    }
