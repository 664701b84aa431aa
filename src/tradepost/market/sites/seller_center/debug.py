"""Debugging (接口调试): a form for each activity of an address, the request that it makes, and what the server answers to it."""

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
from tradepost.market.debugging.asked import ENCRYPTION, Form, ValuesRefused, current_key, form_of, shown_values
from tradepost.market.debugging.findings import Finding
from tradepost.market.debugging.models import DebugRun
from tradepost.market.debugging.standing import Standing
from tradepost.market.identity.menus import Menu
from tradepost.market.production.models import Address
from tradepost.market.web.attempts import attempts_of
from tradepost.protocols.cases import CaseField

from .frame import SellerRequest, found, may_change, seller_page, show

SHOWN_RESULTS = frozenset({"failed", "broken", "warned"})
SEVERITY = ("failed", "broken", "skipped", "warned", "passed")


class CaseForm(forms.Form):
    """Inputs of a case, made of its fields. The rules are the protocol's: errors come from the verb."""

    use_required_attribute = False

    def __init__(self, fields: tuple[CaseField, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in fields:
            self.fields[one.path] = _input(one)

    def refuse(self, errors: Mapping[str, str]) -> None:
        """What the verb says stands beside each field; Django's own words about the same do not."""
        self.full_clean()
        self._errors = forms.utils.ErrorDict()
        for path, words in errors.items():
            self.add_error(path if path in self.fields else None, words)


def _input(one: CaseField) -> forms.Field:
    words = one.words.in_language(get_language())
    common: dict[str, Any] = {"label": one.path, "required": one.mandatory, "help_text": words}
    plain = {"autocomplete": "off", "spellcheck": "false", "class": "tp-mono"}
    if one.fixed is not None:
        help_text = _("Fixed in this case.") if one.fixed else _("Left out in this case.")
        if one.path == ENCRYPTION:
            help_text = _("Chosen at the production address.")
        return forms.CharField(**common | {"help_text": help_text, "required": True}, disabled=True)
    if one.values:
        choices = [*([] if one.mandatory else [("", "–")]), *((value, value) for value in one.values)]
        return forms.ChoiceField(**common, choices=choices)
    if one.long:
        return forms.CharField(**common, max_length=one.length, widget=forms.Textarea(attrs=plain | {"rows": 3}))
    return forms.CharField(**common, max_length=one.length, widget=forms.TextInput(attrs=plain))


# --- the page of a case --------------------------------------------------------------------------------------------------


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug(request: SellerRequest) -> HttpResponse:
    """The first address, or the one that was chosen; without any, how to register one."""
    own = seller_queries.addresses_of(request.seller)
    chosen = whole_number(request.GET.get("address", ""))
    address = next((one for one in own if one.pk == chosen), own[0] if own else None)
    return _first_case(request, address) if address else show(request, "seller_center/debug_nothing.html")


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_address(request: SellerRequest, pk: int) -> HttpResponse:
    return _first_case(request, found(seller_queries.find_address(request.seller, pk)))


def _first_case(request: SellerRequest, address: Address) -> HttpResponse:
    """The first case of the address that does not stand."""
    rows = seller_queries.rows_of(address)
    row = next((one for one in rows if one.standing is not Standing.SAVED), rows[0] if rows else None)
    if row is None:
        return show(request, "seller_center/debug_nothing.html", address=address)
    return _shown(request, form_of(address, row.case.activity, row.case.variant))


def case_url(address: Address, activity: str, variant: str) -> str:
    name = "seller_center:debug_variant" if variant else "seller_center:debug_case"
    return reverse(name, args=[address.pk, activity, *([variant] if variant else [])])


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def debug_case(request: SellerRequest, pk: int, activity: str, variant: str = "") -> HttpResponse:
    """The form; *Generate request* shows what it makes, *Debug and save* sends it."""
    address = found(seller_queries.find_address(request.seller, pk))
    form = form_of(address, activity, variant)
    return _asked(request, form) if request.method == "POST" else _shown(request, form)


def _shown(request: SellerRequest, form: Form) -> HttpResponse:
    run = _run(request, form)
    values = {**shown_values(form, now=request.now), **(run.values if run else {}), **form.fixed}
    inputs = CaseForm(form.fields, initial=values)
    return _page(request, form, inputs, run=run)


def _asked(request: SellerRequest, form: Form) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in request.POST}
    inputs = CaseForm(form.fields, request.POST, initial=form.fixed)
    try:
        if request.POST.get("do") == "debug":
            most = config().test_calls_at_once
            run = verbs.debug(form, typed, by=request.user.email, now=request.now, most=most)
            page = case_url(form.address, form.case.activity, form.case.variant)
            return HttpResponseRedirect(f"{page}?run={run.pk}#sc-result")
        made = generate.generate(form, typed, wall=clock.wall())
    except ValuesRefused as refused:
        inputs.refuse(refused.errors)
        return _page(request, form, inputs, status=refused.status)
    except Refused as refused:
        inputs.refuse({"": refused.message})
        return _page(request, form, inputs, status=refused.status)
    inputs.refuse({})
    return _page(request, form, inputs, made=made)


def _run(request: SellerRequest, form: Form) -> DebugRun | None:
    """The test call that the address names, if it is one of this case; else the last one."""
    asked = whole_number(request.GET.get("run", ""))
    named = seller_queries.find_run(request.seller, asked) if asked is not None else None
    case = (form.address.pk, form.case.activity, form.case.variant)
    if named is not None and (named.address_id, named.activity, named.variant) == case:
        return named
    return seller_queries.newest_run(form.address, form.case.activity, form.case.variant)


def _page(
    request: SellerRequest, form: Form, inputs: CaseForm, *, run: DebugRun | None = None,
    made: generate.Generated | None = None, status: int = HTTPStatus.OK,
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
        rows=[_entry(row, form) for row in rows],
        standing=next((row.standing for row in rows if row.case == form.case), Standing.MISSING),
        form=inputs,
        key=key,
        made=made,
        **(_seen(request, run) if run and not made else {}),
    )


def _entry(row: seller_queries.CaseRow, form: Form) -> dict[str, Any]:
    return {
        "activity": row.case.activity,
        "title": row.case.title.in_language(get_language()),
        "standing": row.standing,
        "url": case_url(row.address, row.case.activity, row.case.variant),
        "here": row.case == form.case,
    }


# --- a test call ----------------------------------------------------------------------------------------------------------


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_run(request: SellerRequest, pk: int) -> HttpResponse:
    """The part of the page that follows a test call; it asks for itself again until the answer was judged."""
    run = found(seller_queries.find_run(request.seller, pk))
    return show(request, "seller_center/parts/debug_run.html", **_seen(request, run))


def _seen(request: SellerRequest, run: DebugRun) -> dict[str, Any]:
    seen = seller_queries.seen(run)
    shown = [_words(one) for one in seen.findings]
    return {
        "run": run,
        "wrong": [one for one in shown if one["verdict"] in SHOWN_RESULTS],
        "right": [one for one in shown if one["verdict"] not in SHOWN_RESULTS],
        "holds": sum(one["verdict"] == Verdict.PASSED for one in shown),
        "attempts": attempts_of(run.call) if run.call is not None and run.ended_at else [],
        "may_change": may_change(request),
    }


def _words(one: Finding) -> dict[str, Any]:
    language = get_language()
    return {
        "verdict": one.verdict.value,
        "title": one.title.in_language(language),
        "expected": one.expected.in_language(language),
        "seen": one.seen.in_language(language),
        "repair": one.repair.in_language(language) if one.repair else "",
        "spec": one.spec,
    }


# --- find out why ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def find_out_why(request: SellerRequest, pk: int) -> HttpResponse:
    """The whole tester against the address: begun here, followed here, and read here as long as its job is kept."""
    address = found(seller_queries.find_address(request.seller, pk))
    if request.method == "POST":
        try:
            find_out.start(address, by=request.user.email, now=request.now)
        except Refused as refused:
            messages.error(request, refused.message)
        return redirect("seller_center:find_out", pk=address.pk)
    return show(request, "seller_center/find_out.html", **_report(address))


@require_safe
@seller_page(menu=Menu.TOOLS)
def find_out_live(request: SellerRequest, pk: int) -> HttpResponse:
    address = found(seller_queries.find_address(request.seller, pk))
    return show(request, "seller_center/parts/find_out_live.html", **_report(address))


@require_POST
@seller_page(menu=Menu.TOOLS)
def find_out_cancel(request: SellerRequest, pk: int) -> HttpResponse:
    address = found(seller_queries.find_address(request.seller, pk))
    job = find_out.newest(address)
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=request.now)
        messages.success(request, _("The tester stops after the question that is under way, and tidies up."))
    return redirect("seller_center:find_out", pk=address.pk)


def _report(address: Address) -> dict[str, Any]:
    job = find_out.newest(address)
    chinese = (get_language() or "").startswith("zh")
    result = job.result if job else None
    return {
        "address": address,
        "key": current_key(address),
        "job": job,
        "doing": _doing(job, chinese=chinese),
        "report": _read(result, chinese=chinese) if result else None,
        "changed": bool(result) and result is not None and result.get("url") != address.url,
    }


def _doing(job: LeasedJob | None, *, chinese: bool) -> str:
    english, _between, zh = (job.words if job else "").partition(find_out.BETWEEN)
    return zh if chinese and zh else english


def _read(result: dict[str, Any], *, chinese: bool) -> dict[str, Any]:
    """The tester's report in the reader's language: what did not pass first, each mistake once, then the rest by group."""
    end = "Zh" if chinese else ""
    shown = [_check(one, end) for one in result["results"]]
    # As the tester counts them: what was not asked has a reason of its own only where it names one.
    wrong = [one for one in shown if one["verdict"] in SHOWN_RESULTS or (one["needed"] and one["name"])]
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(wrong, key=lambda one: SEVERITY.index(one["verdict"])):
        groups.setdefault(one["name"] or one["check"], []).append(one)
    return {
        "headline": result[f"headline{end}"],
        "summary": result[f"summary{end}"],
        "good": result["exitCode"] == 0,
        "url": result["url"],
        "seconds": result["seconds"],
        "left_behind": result["leftBehind"],
        "mistakes": [(first, rest) for first, *rest in groups.values()],
        "others": [one for one in shown if one not in wrong],
    }


def _check(one: dict[str, Any], end: str) -> dict[str, Any]:
    diagnosis = one["diagnosis"] or {}
    return {
        "check": one["check"],
        "title": one[f"title{end}"],
        "verdict": one["verdict"],
        "needed": one["needed"],
        "spec": one["spec"],
        "expected": one[f"expected{end}"],
        "seen": one[f"seen{end}"],
        "name": diagnosis.get("name", ""),
        "repair": diagnosis.get(f"words{end}", ""),
        "exchanges": one["exchanges"],
    }
