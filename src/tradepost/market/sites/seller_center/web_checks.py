"""Web checks: the seller's sites to check, one site with its last report, and its contact (business-rules §2.7,
§17.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain
from tradepost.market.review import appeals
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web_scan import queries, scan, tasks
from tradepost.market.web_scan.models import WebScan, WebTask
from tradepost.market.web_scan.report import report_of, title_of
from tradepost.market.web_scan.standing import site_state_of_task
from tradepost.market.web_scan.tasks import MAX_NAME_LENGTH, MAX_URL_LENGTH, Contact

from .frame import SellerRequest, or_404, seller_page, show


class TaskForm(forms.Form):
    """Inputs of a task; the verb validates them."""

    url = forms.CharField(
        label=gettext_lazy("Address of the web site"),
        max_length=MAX_URL_LENGTH,
        help_text=gettext_lazy("The page that buyers open first. It must be on one of your domains. Create a separate task for each site."),
        widget=forms.TextInput(
            attrs={
                "inputmode": "url", "autocomplete": "off", "spellcheck": "false", "list": "sc-domains",
                "placeholder": "https://app.example.com/",
            }
        ),
    )  # fmt: skip
    contact_name = forms.CharField(
        label=gettext_lazy("Contact person"), max_length=MAX_NAME_LENGTH,
        help_text=gettext_lazy("The person to contact if a check causes problems on the site."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    contact_mobile = forms.CharField(
        label=gettext_lazy("Mobile"), max_length=32,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    contact_email = forms.CharField(
        label=gettext_lazy("E-mail"), max_length=254,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email"}),
    )  # fmt: skip

    def contact(self) -> Contact:
        values = self.cleaned_data
        return Contact(name=values["contact_name"], mobile=values["contact_mobile"], email=values["contact_email"])


def validity_period() -> timedelta:
    return timedelta(days=config().web_scan.web_scan_valid_days)


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_checks(request: SellerRequest) -> HttpResponse:
    rows = queries.tasks_of(request.seller, valid=validity_period(), now=request.now)
    return show(request, "seller_center/web_checks.html", rows=rows, at_once=config().web_scan.web_scans_at_once)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
def new_task(request: SellerRequest) -> HttpResponse:
    form, settings = TaskForm(submitted_data(request), initial={"contact_email": request.user.email}), config()
    return ask(
        request,
        form,
        lambda: tasks.create_task(
            request.seller, form.cleaned_data["url"], form.contact(), by=request.user, outbound=settings.outbound,
            most=settings.web_scan.web_tasks_most, now=request.now,
        ),
        page=lambda: _form(request, form),
        done=_("The task was saved. Run the check when the site is ready."),
        back=lambda created: redirect("seller_center:web_check", created.pk),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
def edit_task(request: SellerRequest, pk: int) -> HttpResponse:
    own = own_task(request, pk)
    names = ("url", "contact_name", "contact_mobile", "contact_email")
    form = TaskForm(submitted_data(request), initial={name: getattr(own, name) for name in names})
    return ask(
        request,
        form,
        lambda: tasks.edit_task(own, form.cleaned_data["url"], form.contact(), outbound=config().outbound),
        page=lambda: _form(request, form, own=own),
        done=_("Saved."),
        back=("seller_center:web_check", pk),
    )


def _form(request: SellerRequest, form: TaskForm, *, own: WebTask | None = None) -> HttpResponse:
    domains = Domain.objects.filter(seller=request.seller).order_by("host")
    return show(request, "seller_center/web_check_form.html", form=form, own=own, domains=list(domains))


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_check(request: SellerRequest, pk: int) -> HttpResponse:
    own = own_task(request, pk)
    state = state_context(request, own)
    # after the state, so that a run that ends in between is not shown as finished without its report
    last = queries.last_of(own)
    return show(
        request, "seller_center/web_check.html", **state, last=last,
        report=report_of(last) if last else None, history=queries.history_of(own),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_check_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with a check's progress, which is polled until the run has ended."""
    return show(request, "seller_center/parts/web_check_state.html", **state_context(request, own_task(request, pk)))


@require_POST
@seller_page(menu=Menu.TOOLS)
def start(request: SellerRequest, pk: int) -> HttpResponse:
    own = own_task(request, pk)
    try:
        with transaction.atomic():
            scan.start(own, by=request.user, limits=scan.limits_of(config().web_scan), now=request.now)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("seller_center:web_check", pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def stop(request: SellerRequest, pk: int) -> HttpResponse:
    running_scan = queries.running_of(own_task(request, pk))
    if running_scan is not None:
        scan.stop(running_scan, now=request.now)
    return redirect("seller_center:web_check", pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete(request: SellerRequest, pk: int) -> HttpResponse:
    own = own_task(request, pk)
    try:
        appeals.delete_task(own)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("seller_center:web_check", pk)
    messages.success(request, _("The task for %(url)s and its reports were deleted.") % {"url": own.url})
    return redirect("seller_center:web_checks")


def own_task(request: SellerRequest, pk: int) -> WebTask:
    return or_404(queries.find_task(request.seller, pk))


def state_context(request: SellerRequest, own: WebTask) -> dict[str, Any]:
    running_scan = queries.running_of(own)
    job = queries.job_of(running_scan) if running_scan else None
    standing = site_state_of_task(own, valid=validity_period(), now=request.now)
    finished_scan = standing.scan if standing.scan and standing.scan.status == WebScan.Status.DONE else None
    return {
        "own": own,
        "running": running_scan,
        "job": job,
        "doing": title_of(job.words) if job and job.words else "",
        "standing": standing,
        "until": finished_scan.ended_at + validity_period() if finished_scan and finished_scan.ended_at else None,
        "proven": own.domain.status == Domain.Status.VERIFIED,
    }
