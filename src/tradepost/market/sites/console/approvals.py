"""Requests for approval: list, detail page with the decision, and the approval limit."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.approvals import queries
from tradepost.market.approvals import requests as verbs
from tradepost.market.approvals.contract import Concern
from tradepost.market.approvals.limits import MAX_REASON_LENGTH, limit_of
from tradepost.market.approvals.models import Request
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import APPROVED_ACTS, SET_LIMIT
from tradepost.market.web.approved_commands import SetLimit
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    Problem,
    act,
    ask,
    moment,
    money,
    or_404,
    page_link,
    state,
    states,
    submitted_data,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.timeline import TimelineEvent, moves_of

from .arrival_form import parse_amount
from .list_parts import LAYOUT


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Request]:
    del request
    return queries.all_requests(status=query["status"], since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[Request, Request] = Listing(
    name="console:approvals",
    title=gettext_lazy("Approvals"),
    intro=gettext_lazy(
        "Actions that a second operator has to approve: money above the limit, corrections that leave a debt, operator roles, and the limit itself."
    ),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Act"), "words", "console:approval", "pk", under="about", css="c-cell"),
        money(gettext_lazy("Amount"), "amount"),
        text(gettext_lazy("Requested by"), "asked_by.email"),
        moment(gettext_lazy("Requested"), "asked_at"),
        state(gettext_lazy("State"), "approval"),
    ),
    filters=(states("approval", default=Request.Status.WAITING), time_range()),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No requests for approval"),
        text=gettext_lazy("Requests appear here when an action needs a second operator."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No requests found"), text=gettext_lazy("Try another state or time.")
    ),
    links=(Link(words=gettext_lazy("Approval limit"), page="console:approval_limit", icon="settings"),),
    file="approvals",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(queries.find_request(pk)), None)


PAGES = {
    "transfer_confirm": "console:transfer", "unmatched_assign": "console:unmatched_one", "unmatched_send_back": "console:unmatched_one",
    "booking_correct": "console:booking", "settlement_pay": "console:settlement", "refund_decide": "console:refund",
    "order_pay_back": "console:order", "supervision_decide": "console:supervision", "service_release": "console:service",
    "withdrawal_approve": "console:withdrawal",
}  # fmt: skip
"""Page of an act's subject; requests name accounts and sellers themselves."""


def _page(request: HttpRequest, approval: Request, problem: Problem | None) -> HttpResponse:
    is_waiting, is_own = approval.status == Request.Status.WAITING, approval.asked_by_id == person(request).pk
    refusal = verbs.decision_refusal(approval, person(request), now=now_of(request)) if is_waiting else None
    context = {
        "one": approval,
        "about_page": PAGES.get(approval.act),
        "about_key": approval.key.partition(":")[2],
        "events": _events(approval),
        "may_decide": is_waiting and refusal is None,
        "cannot": refusal if not is_own else None,
        "may_withdraw": is_waiting and is_own,
        "refused": problem.refused if problem else None,
        "typed": request.POST.get("opinion", ""),
    }
    return render(request, "console/approval.html", context)


def _events(approval: Request) -> list[TimelineEvent]:
    words = {
        "approve": (_("Approved"), "check", "ok"),
        "fail": (_("Approved, but not possible"), "alert-triangle", "warn"),
        "reject": (_("Rejected"), "ban", "warn"),
        "withdraw": (_("Withdrawn"), "arrow-back-up", "calm"),
        "expire": (_("Expired"), "clock", "calm"),
    }
    events = [TimelineEvent(approval.asked_at, _("Request submitted"), approval.asked_by.email, "edit", "info")]
    for move in moves_of("approval", approval.pk):
        title, icon, tone = words[move.event]
        by = "" if move.actor == "market" else move.actor
        events.append(TimelineEvent(move.at, title, " · ".join(part for part in (by, move.note) if part), icon, tone))
    return events


@operator_required
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    approval = or_404(queries.find_request(pk))

    def verb() -> str:
        refused = verbs.approve(approval, APPROVED_ACTS[approval.act], by=person(request), now=now_of(request))
        if refused is None:
            return _("Approved and executed.")
        approving.show_problem(request, refused)
        return ""

    return act(request, verb, done=lambda words: words, back=("console:approval", pk), late=_late_message())


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    approval = or_404(queries.find_request(pk))
    return act(
        request,
        lambda: verbs.reject(approval, request.POST.get("opinion", ""), by=person(request), now=now_of(request)),
        done=_("Rejected. The operator who requested it can see the reason."),
        back=("console:approval", pk),
        page=lambda problem: _page(request, approval, problem),
        late=_late_message(),
    )


@operator_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    approval = or_404(queries.find_request(pk))
    return act(
        request,
        lambda: verbs.withdraw(approval, by=person(request), now=now_of(request)),
        done=_("The request was withdrawn."),
        back=("console:approval", pk),
        late=_late_message(),
    )


def _late_message() -> str:
    return _("This request was already decided.")


class LimitForm(forms.Form):
    amount = forms.CharField(
        label=gettext_lazy("Limit"), max_length=32,
        help_text=gettext_lazy("Actions above this amount need a second operator. Enter 0 to always require one."),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=MAX_REASON_LENGTH)

    def __init__(self, *args: object, currency: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.currency = currency
        self.fields["amount"].label = _("Limit in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"

    def clean_amount(self) -> Money:
        typed = self.cleaned_data["amount"].strip()
        return Money.of(0 if typed == "0" else parse_amount(typed, self.currency), self.currency)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def limit(request: HttpRequest) -> HttpResponse:
    currency = config().currency
    now = limit_of(currency)
    form = LimitForm(submitted_data(request), currency=currency, initial={"amount": str(now.major)})
    return ask(
        request,
        form,
        lambda: approving.run(request, SET_LIMIT, _command(form)),
        page=lambda: render(
            request,
            "console/approval_limit.html",
            {
                "form": form,
                "limit": now,
                "set": queries.latest_limits(currency),
                "alone": not verbs.could_approve(
                    SET_LIMIT, Concern(about="", key=""), but=person(request), now=now_of(request)
                ),
            },
        ),
        done=approving.message_after(_("The approval limit was changed.")),
        back=approving.redirect_after("console:approval_limit"),
    )


def _command(form: LimitForm) -> SetLimit:
    amount: Money = form.cleaned_data["amount"]
    return SetLimit(minor=amount.minor, currency=amount.currency, reason=form.cleaned_data["reason"])
