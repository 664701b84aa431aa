"""Usage (话单管理): records pushed by the seller's servers, refused records with their reason, and voiding of a record
(openapi-jointkit §C.5)."""

from __future__ import annotations

from datetime import date, timedelta

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
from tradepost.market.base.table_files import Cell
from tradepost.market.billing.queries import charge_of_record
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.void_usage import OBSTACLE_TEXTS, invoice_over_record, may_void, void_usage
from tradepost.market.metering import seller_queries as queries
from tradepost.market.metering.models import Record, RefusedRecord
from tradepost.market.metering.reasons import REASONS, texts_of
from tradepost.market.metering.seller_queries import RecordFilter, units
from tradepost.market.web.pages.downloads import table_response
from tradepost.market.web.usage_chart import market_zone

from .frame import SellerRequest, or_404, seller_page, show

MAX_EXPORTED = 10_000
STATES = [("counted", gettext_lazy("Counted")), ("voided", gettext_lazy("Voided"))]


def _filter(request: SellerRequest) -> RecordFilter:
    """Parse the filters in the address; invalid values are ignored."""
    query = request.GET
    day: date | None
    try:
        day = date.fromisoformat(query.get("day", ""))
        day = day if date.min < day < date.max else None
    except ValueError:
        day = None
    state, code = query.get("state", ""), query.get("code", "")
    return RecordFilter(
        instance=query.get("q", "").strip()[:64].replace("\x00", ""), day=day,
        state=state if state in dict(STATES) else "", code=code if code in REASONS else "",
        push=whole_number(query.get("push", "")),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def records(request: SellerRequest) -> HttpResponse:
    filters = _filter(request)
    rows = queries.records_of_seller(request.seller, filters, zone=market_zone())
    listed = page(rows, after=request.GET.get("after", ""), size=queries.PAGE)
    return show(
        request, "seller_center/usage_records.html", what="records", heading=_("Usage"), day_label=_("Starts on"),
        page=listed, asked=filters, states=STATES,
        rows=[(record, units(record.quantity)) for record in listed.rows],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def refused(request: SellerRequest) -> HttpResponse:
    filters = _filter(request)
    rows = queries.refused_of_seller(request.seller, filters, zone=market_zone())
    listed = page(rows, after=request.GET.get("after", ""), size=queries.PAGE)
    return show(
        request, "seller_center/usage_refused.html", what="refused", heading=_("Refused usage"), day_label=_("Pushed on"),
        page=listed, asked=filters,
        rows=[(row, texts_of(row.code, differs=row.differs)) for row in listed.rows],
        codes=[(code, f"{code} {words.reason}") for code, words in REASONS.items()],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def record(request: SellerRequest, pk: int) -> HttpResponse:
    return _record_page(request, or_404(queries.record_of_seller(request.seller, pk)), None)


def _record_page(request: SellerRequest, record: Record, refusal: Refused | None) -> HttpResponse:
    days, invoice = config().metering.usage_void_days, invoice_over_record(record)
    return show(
        request, "seller_center/usage_record.html", record=record,
        quantity=units(record.quantity), meter=record.subscription.meter, refused=refusal, days=days, charge=charge_of_record(record),
        may_void=may_void(record, within=timedelta(days=days), now=request.now), typed=request.POST.get("reason", ""),
        invoice=invoice, first=OBSTACLE_TEXTS[invoice.status] if invoice else "",
    )  # fmt: skip


@require_POST
@seller_page(menu=Menu.TRADE)
def void_record(request: SellerRequest, pk: int) -> HttpResponse:
    record = or_404(queries.record_of_seller(request.seller, pk))
    period = timedelta(days=config().metering.usage_void_days)
    try:
        void_usage(
            record,
            reason=request.POST.get("reason", ""),
            actor=request.user.email,
            within=period,
            zone=market_zone(),
            now=request.now,
        )
    except Refused as refusal:
        return _record_page(request, record, refusal)
    messages.success(request, _("The record was voided. Usage for its period can be reported again."))
    return redirect("seller_center:usage_record", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def export(request: SellerRequest, what: str) -> HttpResponse:
    """Return the newest rows of the filtered list as a file."""
    filters = _filter(request)
    match what:
        case "records":
            rows = queries.records_of_seller(request.seller, filters, zone=market_zone())
            lines = map(_record_line, rows.order_by("-pk")[:MAX_EXPORTED])
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
            wrong = queries.refused_of_seller(request.seller, filters, zone=market_zone())
            lines = map(_refused_line, wrong.order_by("-pk")[:MAX_EXPORTED])
            head = ["at", "instance_id", "metering_sn", "code", "reason", "what_to_do", "as_sent"]
        case _:
            raise Http404
    return table_response(head, list(lines), f"usage-{what}", "csv")


def _record_line(record: Record) -> list[Cell]:
    return [
        record.pk, record.subscription.instance_id, record.subscription.product.name, record.begin_at.isoformat(),
        record.end_at.isoformat(), f"{units(record.quantity).normalize():f}", record.subscription.meter.unit, record.sn,
        "voided" if record.voided else "counted",
    ]  # fmt: skip


def _refused_line(record: RefusedRecord) -> list[Cell]:
    words = texts_of(record.code, differs=record.differs)
    return [
        record.at.isoformat(),
        record.instance_id,
        record.sn,
        record.code,
        str(words.reason),
        str(words.repair),
        record.raw,
    ]
