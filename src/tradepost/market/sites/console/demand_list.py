"""The list of demands, and below it mails that could not be turned into demands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.paging import Page
from tradepost.market.review.contract import TranslatedText
from tradepost.market.service_desk import fetch_mails, problem_mails
from tradepost.market.service_desk.demand_mail import Problem
from tradepost.market.service_desk.demand_queries import all_demands
from tradepost.market.service_desk.models import Demand
from tradepost.market.web.access import now_of
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    fragment,
    moment,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT

PROBLEMS: Mapping[str, TranslatedText] = {
    Problem.TOO_LARGE: gettext_lazy("The email exceeds the size limit."),
    Problem.SUBJECT: gettext_lazy("The subject is not 【market】【demand】【name】."),
    Problem.AUTOMATIC: gettext_lazy("A program sent this email, such as an absence notice or a newsletter."),
    Problem.SENDER: gettext_lazy("The email has no sender."),
    Problem.EMPTY: gettext_lazy("The email has no text."),
    Problem.UNREADABLE: gettext_lazy(
        "The email is damaged, uses an unknown character set, or was not delivered by the mail server."
    ),
    Problem.REFUSED: gettext_lazy("The demand was not accepted."),
}
"""Why a mail could not be turned into a demand."""


class ListedDemand(Struct, frozen=True):
    demand: Demand
    late: bool
    """Whether its answer is overdue."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Demand]:
    del request
    return all_demands(status=query["status"], since=query.since, until=query.until, after=after, size=size)


def _rows(request: HttpRequest, demands: list[Demand]) -> list[ListedDemand]:
    now = now_of(request)
    return [ListedDemand(demand, demand.status == Demand.Status.OPEN and demand.due_at <= now) for demand in demands]


def _summary(row: ListedDemand) -> str:
    return truncatechars(row.demand.requirement, 80)


def _answer_until(row: ListedDemand) -> datetime | None:
    return row.demand.due_at if row.demand.status == Demand.Status.OPEN else None


LISTING: Listing[Demand, ListedDemand] = Listing(
    name="console:demands",
    title=gettext_lazy("Demands"),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        page_link(gettext_lazy("Demand details"), _summary, "console:demand", "demand.pk", in_file=False),
        text(gettext_lazy("Demand details"), "demand.requirement", on_page=False),
        text(gettext_lazy("Contact"), "demand.contact", under=lambda row: row.demand.email or row.demand.phone),
        text(gettext_lazy("E-mail"), "demand.email", on_page=False),
        text(gettext_lazy("Phone"), "demand.phone", on_page=False),
        moment(gettext_lazy("Received"), "demand.created_at"),
        fragment(gettext_lazy("Answer until"), _answer_until, "console/parts/due.html"),
        state(gettext_lazy("State"), "demand", "demand.status"),
    ),
    filters=(states("demand"), time_range()),
    empty=Empty(
        icon="message",
        title=gettext_lazy("No demands"),
        text=gettext_lazy("Demands appear here when visitors or buyers need a product that the store does not have."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No demands found"), text=gettext_lazy("Try another state or time.")
    ),
    file="demands",
    links=(Link(words=gettext_lazy("Enter an email"), page="console:demand_new", icon="mail"),),
    template="console/demands.html",
    also=lambda _request, _query: _mailbox_context(),
)
index = operator_list(LISTING)


def _mailbox_context() -> dict[str, Any]:
    """Return the last fetch and the mails that could not be turned into demands; empty without a mailbox."""
    if not config().service_desk.demand_mailbox.get_secret_value():
        return {}
    waiting = problem_mails.open_mails()
    problems = [
        {"mail": mail, "why": mail.words or PROBLEMS[mail.problem]} for mail in waiting[: problem_mails.MAX_SHOWN]
    ]
    remaining = waiting.count() - len(problems)
    return {"mailbox": True, "fetch": fetch_mails.last_fetch(), "problems": problems, "more": remaining}
