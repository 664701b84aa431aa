"""Debugging (接口调试): a form for each activity of an address, its request, and the server's response."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.check.results import Verdict
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.debugging import debug as verbs
from tradepost.market.debugging import find_out, generate, seller_queries
from tradepost.market.debugging.asked import ENCRYPTION, Form, ValuesRefused, current_key, form_of, initial_values
from tradepost.market.debugging.findings import Finding
from tradepost.market.debugging.models import DebugRun
from tradepost.market.debugging.standing import CaseState
from tradepost.market.identity.menus import Menu
from tradepost.market.production.models import Address
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.refusals import status_of
from tradepost.protocols.cases import CaseField

from .frame import SellerRequest, may_change, or_404, seller_page, show

PROBLEM_VERDICTS = frozenset({"failed", "broken", "warned"})
VERDICTS_BY_SEVERITY = ("failed", "broken", "skipped", "warned", "passed")


class CaseForm(forms.Form):
    """Inputs of a case, generated from its fields. The protocol validates them; errors come from the verb."""

    use_required_attribute = False

    def __init__(self, fields: tuple[CaseField, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in fields:
            self.fields[field.path] = _input(field)

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Show the verb's errors beside their fields, instead of Django's."""
        self.full_clean()
        self._errors = forms.utils.ErrorDict()
        for path, words in errors.items():
            self.add_error(path if path in self.fields else None, words)


def _input(field: CaseField) -> forms.Field:
    words = field.words.in_language(get_language())
    common: dict[str, Any] = {"label": field.path, "required": field.mandatory, "help_text": words}
    plain = {"autocomplete": "off", "spellcheck": "false", "class": "tp-mono"}
    if field.fixed is not None:
        help_text = _("Fixed in this case.") if field.fixed else _("Left out in this case.")
        if field.path == ENCRYPTION:
            help_text = _("Chosen at the production address.")
        return forms.CharField(**common | {"help_text": help_text, "required": True}, disabled=True)
    if field.values:
        choices = [*([] if field.mandatory else [("", "–")]), *((value, value) for value in field.values)]
        return forms.ChoiceField(**common, choices=choices)
    if field.long:
        return forms.CharField(**common, max_length=field.length, widget=forms.Textarea(attrs=plain | {"rows": 3}))
    return forms.CharField(**common, max_length=field.length, widget=forms.TextInput(attrs=plain))


# --- the page of a case
# --------------------------------------------------------------------------------------------------


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug(request: SellerRequest) -> HttpResponse:
    """Show the chosen or first address; without one, how to register one."""
    own = seller_queries.addresses_of(request.seller)
    chosen = whole_number(request.GET.get("address", ""))
    address = next((address for address in own if address.pk == chosen), own[0] if own else None)
    return _first_case(request, address) if address else show(request, "seller_center/debug_nothing.html")


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_address(request: SellerRequest, pk: int) -> HttpResponse:
    return _first_case(request, or_404(seller_queries.find_address(request.seller, pk)))


def _first_case(request: SellerRequest, address: Address) -> HttpResponse:
    """Show the first case of the address that is not saved."""
    rows = seller_queries.rows_of(address)
    row = next((row for row in rows if row.standing is not CaseState.SAVED), rows[0] if rows else None)
    if row is None:
        return show(request, "seller_center/debug_nothing.html", address=address)
    return _form_page(request, form_of(address, row.case.activity, row.case.variant))


def case_url(address: Address, activity: str, variant: str) -> str:
    name = "seller_center:debug_variant" if variant else "seller_center:debug_case"
    return reverse(name, args=[address.pk, activity, *([variant] if variant else [])])


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def debug_case(request: SellerRequest, pk: int, activity: str, variant: str = "") -> HttpResponse:
    """Show the form. *Generate request* previews the request, *Debug and save* sends it."""
    address = or_404(seller_queries.find_address(request.seller, pk))
    form = form_of(address, activity, variant)
    return _process_form(request, form) if request.method == "POST" else _form_page(request, form)


def _form_page(request: SellerRequest, form: Form) -> HttpResponse:
    run = _selected_run(request, form)
    inputs = CaseForm(form.fields, initial=initial_values(form, now=request.now, last=run))
    return _page(request, form, inputs, run=run)


def _process_form(request: SellerRequest, form: Form) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in request.POST}
    inputs = CaseForm(form.fields, request.POST, initial=form.fixed)
    try:
        if request.POST.get("do") == "debug":
            limit = config().debugging.test_calls_at_once
            run = verbs.debug(form, typed, by=request.user.email, now=request.now, most=limit)
            page = case_url(form.address, form.case.activity, form.case.variant)
            return HttpResponseRedirect(f"{page}?run={run.pk}#sc-result")
        generated = generate.generate(form, typed, wall=clock.wall())
    except ValuesRefused as refused:
        inputs.refuse(refused.errors)
        return _page(request, form, inputs, status=status_of(refused))
    except Refused as refused:
        inputs.refuse({"": refused.message})
        return _page(request, form, inputs, status=status_of(refused))
    inputs.refuse({})
    return _page(request, form, inputs, generated=generated)


def _selected_run(request: SellerRequest, form: Form) -> DebugRun | None:
    """Return the test call in the address if it belongs to this case, otherwise the last one."""
    run_pk = whole_number(request.GET.get("run", ""))
    requested_run = seller_queries.find_run(request.seller, run_pk) if run_pk is not None else None
    case = (form.address.pk, form.case.activity, form.case.variant)
    if requested_run is not None and (requested_run.address_id, requested_run.activity, requested_run.variant) == case:
        return requested_run
    return seller_queries.newest_run(form.address, form.case.activity, form.case.variant)


def _page(
    request: SellerRequest, form: Form, inputs: CaseForm, *, run: DebugRun | None = None,
    generated: generate.GeneratedRequest | None = None, status: int = HTTPStatus.OK,
) -> HttpResponse:  # fmt: skip
    rows = seller_queries.rows_of(form.address)
    key = current_key(form.address)
    return show(
        request,
        "seller_center/debug.html",
        status=status,
        address=form.address,
        addresses=seller_queries.addresses_of(request.seller),
        case=form.case,
        action=case_url(form.address, form.case.activity, form.case.variant),
        case_title=form.case.title.in_language(get_language()),
        rows=[_case_entry(row, form) for row in rows],
        standing=next((row.standing for row in rows if row.case == form.case), CaseState.MISSING),
        form=inputs,
        key=key,
        made=generated,
        **(_run_context(request, run) if run and not generated else {}),
    )


def _case_entry(row: seller_queries.CaseRow, form: Form) -> dict[str, Any]:
    return {
        "activity": row.case.activity,
        "title": row.case.title.in_language(get_language()),
        "standing": row.standing,
        "url": case_url(row.address, row.case.activity, row.case.variant),
        "here": row.case == form.case,
    }


# --- a test call
# ----------------------------------------------------------------------------------------------------------


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_run(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with a test call, which is polled until the response is judged."""
    run = or_404(seller_queries.find_run(request.seller, pk))
    return show(request, "seller_center/parts/debug_run.html", **_run_context(request, run))


def _run_context(request: SellerRequest, run: DebugRun) -> dict[str, Any]:
    view = seller_queries.view_of_run(run)
    rows = [_finding_row(finding) for finding in view.findings]
    return {
        "run": run,
        "wrong": [row for row in rows if row["verdict"] in PROBLEM_VERDICTS],
        "right": [row for row in rows if row["verdict"] not in PROBLEM_VERDICTS],
        "holds": sum(row["verdict"] == Verdict.PASSED for row in rows),
        "attempts": attempts_of(run.call) if run.call is not None and run.ended_at else [],
        "may_change": may_change(request),
    }


def _finding_row(finding: Finding) -> dict[str, Any]:
    language = get_language()
    return {
        "verdict": finding.verdict.value,
        "title": finding.title.in_language(language),
        "expected": finding.expected.in_language(language),
        "seen": finding.seen.in_language(language),
        "repair": finding.repair.in_language(language) if finding.repair else "",
        "spec": finding.spec,
    }


# --- diagnosis
# ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def find_out_why(request: SellerRequest, pk: int) -> HttpResponse:
    """Run the tester against the address, and show its progress and report while the job is kept."""
    address = or_404(seller_queries.find_address(request.seller, pk))
    if request.method == "POST":
        try:
            find_out.start(address, by=request.user.email, now=request.now)
        except Refused as refused:
            messages.error(request, refused.message)
        return redirect("seller_center:find_out", pk=address.pk)
    return show(request, "seller_center/find_out.html", **_report_context(address))


@require_safe
@seller_page(menu=Menu.TOOLS)
def find_out_live(request: SellerRequest, pk: int) -> HttpResponse:
    address = or_404(seller_queries.find_address(request.seller, pk))
    return show(request, "seller_center/parts/find_out_live.html", **_report_context(address))


@require_POST
@seller_page(menu=Menu.TOOLS)
def find_out_cancel(request: SellerRequest, pk: int) -> HttpResponse:
    address = or_404(seller_queries.find_address(request.seller, pk))
    job = find_out.newest(address)
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=request.now)
        messages.success(request, _("The tester stops after the current request and cleans up."))
    return redirect("seller_center:find_out", pk=address.pk)


def _report_context(address: Address) -> dict[str, Any]:
    job = find_out.newest(address)
    chinese = (get_language() or "").startswith("zh")
    result = job.result if job else None
    return {
        "address": address,
        "key": current_key(address),
        "job": job,
        "doing": _progress_text(job, chinese=chinese),
        "report": _translate_report(result, chinese=chinese) if result else None,
        "changed": bool(result) and result is not None and result.get("url") != address.url,
    }


def _progress_text(job: LeasedJob | None, *, chinese: bool) -> str:
    english, _between, zh = (job.words if job else "").partition(find_out.SEPARATOR)
    return zh if chinese and zh else english


def _translate_report(result: dict[str, Any], *, chinese: bool) -> dict[str, Any]:
    """Return the tester's report in the reader's language: each mistake once, worst first, then the other results by
    group."""
    end = "Zh" if chinese else ""
    checks = [_translate_check(entry, end) for entry in result["results"]]
    # Counted like the tester does: a skipped check has its own reason only if it names one.
    problems = [
        check for check in checks if check["verdict"] in PROBLEM_VERDICTS or (check["needed"] and check["name"])
    ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for check in sorted(problems, key=lambda check: VERDICTS_BY_SEVERITY.index(check["verdict"])):
        groups.setdefault(check["name"] or check["check"], []).append(check)
    return {
        "headline": result[f"headline{end}"],
        "summary": result[f"summary{end}"],
        "good": result["exitCode"] == 0,
        "url": result["url"],
        "seconds": result["seconds"],
        "left_behind": result["leftBehind"],
        "mistakes": [(first, rest) for first, *rest in groups.values()],
        "others": [check for check in checks if check not in problems],
    }


def _translate_check(check: dict[str, Any], end: str) -> dict[str, Any]:
    diagnosis = check["diagnosis"] or {}
    return {
        "check": check["check"],
        "title": check[f"title{end}"],
        "verdict": check["verdict"],
        "needed": check["needed"],
        "spec": check["spec"],
        "expected": check[f"expected{end}"],
        "seen": check[f"seen{end}"],
        "name": diagnosis.get("name", ""),
        "repair": diagnosis.get(f"words{end}", ""),
        "exchanges": check["exchanges"],
    }
