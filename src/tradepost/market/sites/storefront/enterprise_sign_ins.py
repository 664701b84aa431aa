"""The sign-in log of an enterprise as a page and as a file: person, application, time, network and result."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.applications import sign_in_log
from tradepost.market.applications.models import SignInEntry
from tradepost.market.applications.sign_in_log import LogFilter
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.table_files import Cell
from tradepost.market.organisations import picking, queries
from tradepost.market.organisations.models import Member
from tradepost.market.organisations.picking import Option
from tradepost.market.web.pages.downloads import table_response

from .enterprise_frame import EnterpriseRequest, enterprise_page, show

MAX_EXPORTED = 10_000
"""Maximum number of rows of a file."""


class LogQuery(Struct, frozen=True, kw_only=True):
    """Filters from the address. ``people``: matches of the search text; ``wrong``: why the dates are invalid."""

    log: LogFilter
    text: str
    member: Member | None
    people: list[Option]
    first: date | None
    last: date | None
    wrong: str = ""


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    query = _log_query(request)
    page = sign_in_log.entries(request.enterprise, query.log, after=request.GET.get("after", ""))
    return show(
        request, "storefront/enterprise_sign_ins.html", page=page, asked=query, wrong=query.wrong,
        applications=[(str(application.pk), application.name) for application in sign_in_log.applications_of(request.enterprise)],
        application=str(query.log.application or ""), outcome=query.log.outcome,
        days=config().auth_centre.keep_sign_ins_days,
        outcomes=[("succeeded", _("Succeeded")), ("failed", _("Failed"))], times=_date_shortcuts(),
    )  # fmt: skip


def _date_shortcuts() -> list[tuple[str, str]]:
    """Return the first days of the shortcuts: today, 7 days, 30 days."""
    today = timezone.localdate(clock.wall())
    lengths = ((0, _("Today")), (6, _("Last 7 days")), (29, _("Last 30 days")))
    return [((today - timedelta(days=days)).isoformat(), words) for days, words in lengths]


def _log_query(request: EnterpriseRequest) -> LogQuery:
    get = request.GET
    first, last = _day(get.get("from", "")), _day(get.get("to", ""))
    wrong = _("The last day is before the first.") if first and last and last < first else ""
    text = get.get("q", "").replace("\x00", "").strip()[:64]
    key, people = whole_number(get.get("member", "")), []
    if text and key is None:
        people = picking.find_people(request.enterprise, text)
        key = people[0].key if len(people) == 1 else 0
    member = queries.find_member(request.enterprise, key) if key else None
    log = LogFilter(
        member=None if key is None else member.pk if member else 0, application=whole_number(get.get("application", "")),
        outcome=get.get("outcome", ""), since=_midnight(first), until=_midnight(last + timedelta(days=1)) if last else None,
    )  # fmt: skip
    return LogQuery(log=log, text=text, member=member, people=people, first=first, last=last, wrong=wrong)


def _day(text: str) -> date | None:
    """Parse a day in the format of browsers; None for other text."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and 2000 <= day.year <= 2999 else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), timezone.get_default_timezone()) if day is not None else None


@require_safe
@enterprise_page(admin=True)
def export(request: EnterpriseRequest) -> HttpResponse:
    """Return the filtered entries as a file, up to ``MAX_EXPORTED`` rows."""
    head = [
        _("Time"), _("Name"), _("Account name"), _("Department"), pgettext("software", "Application"), _("Result"),
        _("Network"), _("Browser"),
    ]  # fmt: skip
    batches = sign_in_log.exported(request.enterprise, _log_query(request).log, most=MAX_EXPORTED + 1)
    rows = [_cells(entry) for batch in batches for entry in batch]
    if len(rows) > MAX_EXPORTED:
        rows[MAX_EXPORTED:] = [[_("There are more entries. Choose a shorter time range.")]]
    return table_response(head, rows, "sign-ins", "csv")


def _cells(entry: SignInEntry) -> list[Cell]:
    person = [entry.member.name, entry.member.user_name, entry.member.department.name] if entry.member else ["", "", ""]
    application_name = entry.application.name if entry.application else _("Enterprise portal")
    return [entry.at, *person, application_name, str(entry.get_result_display()), entry.network, entry.agent]
