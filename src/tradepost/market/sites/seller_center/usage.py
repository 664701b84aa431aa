"""Usage (话单管理): what the seller's servers pushed, what was refused and why, and taking a record back (openapi-jointkit §C.5)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import page
from tradepost.market.billing.queries import charge_of_record
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.void_usage import WORDS, invoice_over_record, may_void, void_usage
from tradepost.market.metering import seller_queries as queries
from tradepost.market.metering.models import Record, RefusedRecord
from tradepost.market.metering.package_queries import packages_of_seller
from tradepost.market.metering.reasons import REASONS, words_of
from tradepost.market.metering.seller_queries import RecordFilter, units
from tradepost.market.web.usage_chart import market_zone

from .frame import SellerRequest, found, seller_page, show

MOST_EXPORTED = 10_000
STATES = [("counted", gettext_lazy("Counted")), ("voided", gettext_lazy("Voided"))]


def _asked(request: SellerRequest) -> RecordFilter:
    """What of the address can be read; the rest narrows nothing."""
    asked = request.GET
    day: date | None
    try:
        day = date.fromisoformat(asked.get("day", ""))
        day = day if date.min < day < date.max else None
    except ValueError:
        day = None
    state, code = asked.get("state", ""), asked.get("code", "")
    return RecordFilter(
        instance=asked.get("q", "").strip()[:64].replace("\x00", ""), day=day,
        state=state if state in dict(STATES) else "", code=code if code in REASONS else "",
        push=whole_number(asked.get("push", "")),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def records(request: SellerRequest) -> HttpResponse:
    asked = _asked(request)
    rows = queries.records_of_seller(request.seller, asked, zone=market_zone())
    listed = page(rows, after=request.GET.get("after", ""), size=queries.PAGE)
    return show(
        request, "seller_center/usage_records.html", what="records", heading=_("Usage"), day_label=_("Begins on"),
        page=listed, asked=asked, states=STATES,
        rows=[(record, units(record.quantity)) for record in listed.rows],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def refused(request: SellerRequest) -> HttpResponse:
    asked = _asked(request)
    rows = queries.refused_of_seller(request.seller, asked, zone=market_zone())
    listed = page(rows, after=request.GET.get("after", ""), size=queries.PAGE)
    return show(
        request, "seller_center/usage_refused.html", what="refused", heading=_("Refused usage"), day_label=_("Pushed on"),
        page=listed, asked=asked,
        rows=[(one, words_of(one.code, differs=one.differs)) for one in listed.rows],
        codes=[(code, f"{code} {words.reason}") for code, words in REASONS.items()],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def pushes(request: SellerRequest) -> HttpResponse:
    only = request.GET.get("state") == "refused"
    listed = queries.pushes_of_seller(request.seller, refused_only=only, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/usage_pushes.html", page=listed, chosen="refused" if only else "",
        states=[("refused", _("With refused records"))],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def packages(request: SellerRequest) -> HttpResponse:
    """Packages that were sold and opened, and what is left of each."""
    listed = packages_of_seller(request.seller, now=request.now, after=request.GET.get("after", ""))
    return show(request, "seller_center/usage_packages.html", page=listed)


@require_safe
@seller_page(menu=Menu.TRADE)
def record(request: SellerRequest, pk: int) -> HttpResponse:
    return _record(request, found(queries.record_of_seller(request.seller, pk)), None)


def _record(request: SellerRequest, one: Record, refusal: Refused | None) -> HttpResponse:
    days, invoice = config().usage_void_days, invoice_over_record(one)
    return show(
        request, "seller_center/usage_record.html", status=refusal.status if refusal else 200, record=one,
        quantity=units(one.quantity), meter=one.subscription.meter, refused=refusal, days=days, charge=charge_of_record(one),
        may_void=may_void(one, within=timedelta(days=days), now=request.now), typed=request.POST.get("reason", ""),
        invoice=invoice, first=WORDS[invoice.status] if invoice else "",
    )  # fmt: skip


@require_POST
@seller_page(menu=Menu.TRADE)
def void_record(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(queries.record_of_seller(request.seller, pk))
    within = timedelta(days=config().usage_void_days)
    try:
        void_usage(
            one,
            reason=request.POST.get("reason", ""),
            actor=request.user.email,
            within=within,
            zone=market_zone(),
            now=request.now,
        )
    except Refused as refusal:
        return _record(request, one, refusal)
    messages.success(request, _("The record is voided. Its time can be reported anew."))
    return redirect("seller_center:usage_record", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def export(request: SellerRequest, what: str) -> HttpResponse:
    """The newest rows of a list as it is narrowed, as a table for other programs."""
    asked = _asked(request)
    match what:
        case "records":
            rows = queries.records_of_seller(request.seller, asked, zone=market_zone())
            lines = map(_record_line, rows.order_by("-pk")[:MOST_EXPORTED])
            head = [
                "record",
                "instance_id",
                "product",
                "begin_time",
                "end_time",
                "usage_value",
                "unit",
                "metering_sn",
                "state",
            ]
        case "refused":
            wrong = queries.refused_of_seller(request.seller, asked, zone=market_zone())
            lines = map(_refused_line, wrong.order_by("-pk")[:MOST_EXPORTED])
            head = ["at", "instance_id", "metering_sn", "code", "reason", "what_to_do", "as_sent"]
        case _:
            raise Http404
    return HttpResponse(
        "".join(_csv([head, *lines])),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="usage-{what}.csv"'},
    )


def _record_line(one: Record) -> list[Any]:
    return [
        one.pk, one.subscription.instance_id, one.subscription.product.name, one.begin_at.isoformat(),
        one.end_at.isoformat(), f"{units(one.quantity).normalize():f}", one.subscription.meter.unit, one.sn,
        "voided" if one.voided else "counted",
    ]  # fmt: skip


def _refused_line(one: RefusedRecord) -> list[Any]:
    words = words_of(one.code, differs=one.differs)
    return [one.at.isoformat(), one.instance_id, one.sn, one.code, words.reason, words.repair, one.raw]


def _csv(lines: list[list[Any]]) -> Iterator[str]:
    """With a mark that spreadsheets know UTF-8 by. What they would take for a formula is text."""
    yield "\ufeff"
    buffer = StringIO()
    writer = csv.writer(buffer)
    for line in lines:
        writer.writerow([f"'{cell}" if str(cell)[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell for cell in line])
    yield buffer.getvalue()
