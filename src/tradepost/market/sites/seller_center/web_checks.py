"""Web checks: the seller's list of sites that are checked, one of them with its last report, and who is asked about it
(business-rules §2.7, §17.10)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
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
from tradepost.market.web.refusals import say_why
from tradepost.market.web_scan import queries, scan, tasks
from tradepost.market.web_scan.models import WebScan, WebTask
from tradepost.market.web_scan.report import report_of, title_of
from tradepost.market.web_scan.standing import standing_of_task
from tradepost.market.web_scan.tasks import LONGEST_NAME, LONGEST_URL, Contact

from .frame import SellerRequest, found, seller_page, show


class TaskForm(forms.Form):
    """The inputs alone; the rules are the verb's."""

    url = forms.CharField(
        label=gettext_lazy("Address of the web site"),
        max_length=LONGEST_URL,
        help_text=gettext_lazy("The page that buyers open first. Its domain is one of yours; each site is a task of its own."),
        widget=forms.TextInput(
            attrs={
                "inputmode": "url", "autocomplete": "off", "spellcheck": "false", "list": "sc-domains",
                "placeholder": "https://app.example.com/",
            }
        ),
    )  # fmt: skip
    contact_name = forms.CharField(
        label=gettext_lazy("Contact person"), max_length=LONGEST_NAME,
        help_text=gettext_lazy("Who is asked when a check gives the site trouble."),
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
        said = self.cleaned_data
        return Contact(name=said["contact_name"], mobile=said["contact_mobile"], email=said["contact_email"])


def valid() -> timedelta:
    return timedelta(days=config().web_scan_valid_days)


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_checks(request: SellerRequest) -> HttpResponse:
    rows = queries.tasks_of(request.seller, valid=valid(), now=request.now)
    return show(request, "seller_center/web_checks.html", rows=rows, at_once=config().web_scans_at_once)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
def new_task(request: SellerRequest) -> HttpResponse:
    form = TaskForm(request.POST or None, initial={"contact_email": request.user.email})
    if form.is_valid():
        settings = config()
        try:
            made = tasks.create_task(
                request.seller, form.cleaned_data["url"], form.contact(), by=request.user, outbound=settings.outbound,
                most=settings.web_tasks_most, now=request.now,
            )  # fmt: skip
        except Refused as refused:
            return _form(request, form, refused=refused)
        messages.success(request, _("The task is saved. Run the check when the site is ready."))
        return redirect("seller_center:web_check", made.pk)
    return _form(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
def edit_task(request: SellerRequest, pk: int) -> HttpResponse:
    own = task_of(request, pk)
    names = ("url", "contact_name", "contact_mobile", "contact_email")
    form = TaskForm(request.POST or None, initial={name: getattr(own, name) for name in names})
    if form.is_valid():
        try:
            tasks.edit_task(own, form.cleaned_data["url"], form.contact(), outbound=config().outbound)
        except Refused as refused:
            return _form(request, form, own=own, refused=refused)
        messages.success(request, _("Saved."))
        return redirect("seller_center:web_check", pk)
    return _form(request, form, own=own)


def _form(
    request: SellerRequest, form: TaskForm, *, own: WebTask | None = None, refused: Refused | None = None
) -> HttpResponse:
    if refused is not None:
        say_why(form, refused)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound and form.errors else HTTPStatus.OK
    domains = Domain.objects.filter(seller=request.seller).order_by("host")
    return show(
        request, "seller_center/web_check_form.html", status=status, form=form, own=own, domains=list(domains)
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_check(request: SellerRequest, pk: int) -> HttpResponse:
    own = task_of(request, pk)
    state = state_of(request, own)
    last = queries.last_of(own)  # after the state: a run that ends in between must not show as ended without its report
    return show(
        request, "seller_center/web_check.html", **state, last=last,
        report=report_of(last) if last else None, history=queries.history_of(own),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_check_live(request: SellerRequest, pk: int) -> HttpResponse:
    """The part that changes while it runs; it asks for itself again until the run has ended."""
    return show(request, "seller_center/parts/web_check_state.html", **state_of(request, task_of(request, pk)))


@require_POST
@seller_page(menu=Menu.TOOLS)
def start(request: SellerRequest, pk: int) -> HttpResponse:
    own = task_of(request, pk)
    try:
        with transaction.atomic():
            scan.start(own, by=request.user, limits=scan.limits_of(config()), now=request.now)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("seller_center:web_check", pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def stop(request: SellerRequest, pk: int) -> HttpResponse:
    running = queries.running_of(task_of(request, pk))
    if running is not None:
        scan.stop(running, now=request.now)
    return redirect("seller_center:web_check", pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete(request: SellerRequest, pk: int) -> HttpResponse:
    own = task_of(request, pk)
    try:
        tasks.delete_task(own)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("seller_center:web_check", pk)
    messages.success(request, _("The task for %(url)s is deleted, with its reports.") % {"url": own.url})
    return redirect("seller_center:web_checks")


def task_of(request: SellerRequest, pk: int) -> WebTask:
    return found(queries.find_task(request.seller, pk))


def state_of(request: SellerRequest, own: WebTask) -> dict[str, Any]:
    running = queries.running_of(own)
    job = queries.job_of(running) if running else None
    standing = standing_of_task(own, valid=valid(), now=request.now)
    counted = standing.scan if standing.scan and standing.scan.status == WebScan.Status.DONE else None
    return {
        "own": own,
        "running": running,
        "job": job,
        "doing": title_of(job.words) if job and job.words else "",
        "standing": standing,
        "until": counted.ended_at + valid() if counted and counted.ended_at else None,
        "proven": own.domain.status == Domain.Status.VERIFIED,
    }
