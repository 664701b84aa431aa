"""Bookings by operators and their corrections: list, detail page, and two-step correction form."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.payments import correction_queries as queries
from tradepost.market.payments import corrections as verbs
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.corrections import BookingState, Change
from tradepost.market.payments.models import Transfer
from tradepost.market.web import approving
from tradepost.market.web.access import operator_required
from tradepost.market.web.approved_acts import CORRECT_BOOKING
from tradepost.market.web.approved_commands import CorrectBooking
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    moment,
    money,
    or_404,
    page_link,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.refusals import add_refusal
from tradepost.market.web.templatetags.names import owner_name

from .correction_form import CorrectionForm
from .list_parts import LAYOUT


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Correction]:
    del request
    return queries.all_corrections(since=query.since, until=query.until, after=after, size=size)


def _new_account(row: Correction) -> str:
    """Return the new account if the correction changed it."""
    return f"→ {owner_name(row.account)}" if row.moved else ""


LISTING: Listing[Correction, Correction] = Listing(
    name="console:corrections",
    title=gettext_lazy("Corrections"),
    up=Link(words=gettext_lazy("Books"), page="console:ledger"),
    intro=gettext_lazy("Bookings corrected by operators. To correct a top-up, open it in the ledger."),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(
            gettext_lazy("Booking"),
            "transfer.reference",
            "console:booking",
            "transfer_id",
            under="reason",
            css="c-cell",
        ),
        text(
            gettext_lazy("Booked to"),
            lambda row: owner_name(row.account_before),
            under=_new_account,
            css="c-cell c-wrap",
        ),
        money(gettext_lazy("Amount before"), "before"),
        money(gettext_lazy("Amount after"), "amount"),
        text(gettext_lazy("Booked to after the correction"), lambda row: owner_name(row.account), on_page=False),
        money(gettext_lazy("Resulting debt"), "owed"),
        moment(gettext_lazy("When"), "at", under="by_text"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="edit",
        title=gettext_lazy("No corrections yet"),
        text=gettext_lazy("Corrected bookings appear here. To correct a top-up, open it in the ledger."),
        action=gettext_lazy("Books"),
        page="console:ledger",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No corrections found"), text=gettext_lazy("Try another time.")),
    file="corrections",
    links=(Link(words=gettext_lazy("Accounts in debt"), page="console:debts", icon="wallet"),),
)
index = operator_list(LISTING)


def _booking(pk: int) -> tuple[Transfer, BookingState]:
    """Return the booking; 404 for one that cannot be corrected here."""
    transfer = or_404(queries.find_booking(pk))
    return transfer, or_404(verbs.state_of(transfer))


def _page(request: HttpRequest, standing: BookingState, form: CorrectionForm) -> HttpResponse:
    later_receipt = verbs.later_receipt(standing)
    context = {
        "standing": standing, "booking": standing.transfer, "form": form, "first": queries.first_of(standing),
        "moved_on": later_receipt, "final": verbs.later_receipt_text(later_receipt) if later_receipt else "",
    }  # fmt: skip
    return render(request, "console/booking.html", context)


@operator_required
@require_safe
def booking(request: HttpRequest, pk: int) -> HttpResponse:
    _transfer, standing = _booking(pk)
    return _page(request, standing, CorrectionForm(standing=standing))


@operator_required
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a booking in two steps with the same form: preview of the consequences, then confirmation."""
    transfer, standing = _booking(pk)
    form = CorrectionForm(request.POST, standing=standing)
    if not form.is_valid() or "change" in request.POST:
        mark_preview(request)
        return _page(request, standing, form)
    change = form.change()
    try:
        if "confirmed" not in request.POST:
            outlook = verbs.preview(transfer, change)
            mark_preview(request)
            context = {"booking": transfer, "standing": standing, "outlook": outlook, "form": form}
            return render(request, "console/booking_confirm.html", context)
        waits = approving.run(request, CORRECT_BOOKING, _command(transfer, change))
    except Refused as refused:
        add_refusal(form, refused)
        return _page(request, standing, form)
    if waits is not None:
        return approving.redirect_to_approval(request, waits)
    messages.success(request, _("Corrected. The original booking is unchanged."))
    return redirect("console:booking", pk)


def _command(transfer: Transfer, change: Change) -> CorrectBooking:
    return CorrectBooking(
        booking=transfer.pk, minor=change.amount.minor, currency=change.amount.currency,
        to=change.to.pk if change.to else None, reason=change.reason, seen=change.seen,
    )  # fmt: skip
