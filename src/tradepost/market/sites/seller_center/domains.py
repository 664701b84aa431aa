"""Domains of the seller: registration, proof by a file or a DNS record, and checks (saas-v2 §1.2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.work import State
from tradepost.market.identity import domains as verbs
from tradepost.market.identity.domain_names import file_url, proof_text, record_name
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain
from tradepost.market.web.pages import ask, submitted_data

from .domain_words import failed_methods
from .frame import SellerRequest, or_404, seller_page, show
from .looks import check_rate


class DomainForm(forms.Form):
    host = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=300,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "placeholder": "api.example.com"}
        ),
        help_text=gettext_lazy(
            "Domain name only, without port or path. Enter internationalised names in their xn-- form."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def domains(request: SellerRequest) -> HttpResponse:
    form, settings = DomainForm(submitted_data(request)), config()

    def page() -> HttpResponse:
        own = Domain.objects.filter(seller=request.seller).annotate(used=Count("addresses")).order_by("host")
        return show(request, "seller_center/domains.html", form=form, domains=list(own))

    return ask(
        request,
        form,
        lambda: verbs.register_domain(
            request.seller, form.cleaned_data["host"], outbound=settings.outbound, most=settings.identity.domains_most,
            now=request.now,
        ),
        page=page,
        done=_registered_message,
        back=lambda created: redirect("seller_center:domain", pk=created.pk),
        fields={"": "host"},
    )  # fmt: skip


def _registered_message(domain: Domain) -> str:
    if domain.status != Domain.Status.VERIFIED:
        return ""
    return _("%(domain)s is verified, because this is a sandbox.") % {"domain": domain.host}


@require_safe
@seller_page(menu=Menu.TOOLS)
def domain(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/domain.html", **_domain_context(request, pk))


@require_safe
@seller_page(menu=Menu.TOOLS)
def domain_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with a check's progress, which is polled until the check has ended."""
    return show(request, "seller_center/parts/domain_live.html", **_domain_context(request, pk))


@require_POST
@seller_page(menu=Menu.TOOLS)
def check(request: SellerRequest, pk: int) -> HttpResponse:
    own = _domain(request, pk)
    check_rate(request)
    verbs.start_proof_check(own, now=request.now)
    return redirect("seller_center:domain", pk=pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete(request: SellerRequest, pk: int) -> HttpResponse:
    own = _domain(request, pk)
    verbs.delete_domain(own, used_by=own.addresses.count() + own.web_tasks.count())
    messages.success(request, _("The domain %(domain)s was deleted.") % {"domain": own.host})
    return redirect("seller_center:domains")


def _domain(request: SellerRequest, pk: int) -> Domain:
    return or_404(Domain.objects.filter(seller=request.seller, pk=pk).first())


def _domain_context(request: SellerRequest, pk: int) -> dict[str, Any]:
    own = _domain(request, pk)
    job = leased_jobs.newest(verbs.PROVE, str(own.pk))
    in_progress = job is not None and job.state != State.ENDED
    failed = job is not None and not in_progress and job.outcome == "failed"
    is_proven = own.status == Domain.Status.VERIFIED and own.how in {*verbs.PROVEN, Domain.How.SANDBOX}
    return {
        "own": own,
        "proven": is_proven,
        "https_url": file_url(own.host),
        "http_url": file_url(own.host, "http"),
        "record": record_name(own.host),
        "value": proof_text(own.token),
        "looking": in_progress,
        "looked": job.done if job is not None else 0,
        "broke_off": failed,
        "missing": [] if in_progress or failed else failed_methods(own),
        "addresses": list(own.addresses.order_by("url")),
        "web_tasks": list(own.web_tasks.order_by("url")),
        "days": config().identity.domain_recheck_days,
        "failures": config().identity.domain_failures,
    }
