"""Withdrawals of buyers: list, and detail page with the operator's acts."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request as Approval
from tradepost.market.base.paging import Page
from tradepost.market.payments import withdrawal_queries as queries
from tradepost.market.payments import withdrawals as verbs
from tradepost.market.payments.withdrawal_lifecycle import WITHDRAWAL, WithdrawalEvent
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import APPROVE_WITHDRAWAL
from tradepost.market.web.approved_commands import ApproveWithdrawal
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    Problem,
    act,
    moment,
    money,
    or_404,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.withdrawals import withdrawal_events

from .list_parts import LAYOUT


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Withdrawal]:
    del request
    return queries.all_withdrawals(status=query["status"], since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[Withdrawal, Withdrawal] = Listing(
    name="console:withdrawals",
    title=gettext_lazy("Withdrawals"),
    intro=gettext_lazy(
        "Requests of buyers to withdraw their balance. The amount is held until you pay or reject the request."
    ),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Number"), "number", "console:withdrawal", "pk", under="holder", css="c-cell"),
        text(gettext_lazy("Buyer"), "user.email"),
        moment(gettext_lazy("Requested"), "requested_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "withdrawal"),
    ),
    filters=(states("withdrawal", default=Withdrawal.Status.REQUESTED), time_range()),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No withdrawals"),
        text=gettext_lazy("Requests of buyers appear here. Choose another state to see the others."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No withdrawals found"), text=gettext_lazy("Try another state or time.")
    ),
    file="withdrawals",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _withdrawal(pk), None)


def _withdrawal(pk: int) -> Withdrawal:
    return or_404(queries.find_withdrawal(pk))


def _page(request: HttpRequest, withdrawal: Withdrawal, problem: Problem | None, *, account: str = "") -> HttpResponse:
    """Render the page. ``account``: account number, shown once."""
    form = problem.form if problem else ""
    context = {
        "one": withdrawal,
        "events": withdrawal_events(withdrawal, for_operators=True),
        **{f"may_{event.value}": WITHDRAWAL.allows(withdrawal.status, event) for event in WithdrawalEvent},
        "refused": problem.refused if problem else None,
        "form_of": form,
        "typed": {name: request.POST.get(name, "") for name in ("reason", "bank_number")},
        "account": account,
    }
    response = render(request, "console/withdrawal.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@operator_required
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    current_withdrawal = _withdrawal(pk)
    return act(
        request,
        lambda: approving.run(request, APPROVE_WITHDRAWAL, ApproveWithdrawal(withdrawal=current_withdrawal.pk)),
        done=approving.message_after(_("Approved. Transfer the money and record the payment.")),
        back=approving.redirect_after("console:withdrawal", pk),
        page=lambda problem: _page(request, current_withdrawal, problem),
        late=_late_message(),
    )


def _late_message() -> str:
    return _("The state of this withdrawal has changed. Nothing was done.")


def _run_act(
    request: HttpRequest, pk: int, form: str, verb: Callable[[Withdrawal], Approval | None], message: str
) -> HttpResponse:
    current_withdrawal = _withdrawal(pk)
    return act(
        request,
        lambda: verb(current_withdrawal),
        done=message,
        back=("console:withdrawal", pk),
        page=lambda problem: _page(request, current_withdrawal, problem),
        form=form,
        late=_late_message(),
    )


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    reason, by = request.POST.get("reason", ""), person(request)
    return _run_act(
        request, pk, "reject", lambda withdrawal: verbs.reject(withdrawal, reason, by=by, now=now_of(request)),
        _("Rejected. The money was returned to the buyer's balance."),
    )  # fmt: skip


@operator_required
@require_POST
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank has paid the withdrawal."""
    number, by = request.POST.get("bank_number", ""), person(request)
    return _run_act(
        request, pk, "pay", lambda withdrawal: verbs.pay(withdrawal, number, by=by, now=now_of(request)),
        _("Recorded. The buyer receives a notice."),
    )  # fmt: skip


@operator_required
@require_POST
def bounce(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank returned the withdrawal."""
    reason, by = request.POST.get("reason", ""), person(request)
    return _run_act(
        request, pk, "return", lambda withdrawal: verbs.bounce(withdrawal, reason, by=by, now=now_of(request)),
        _("Booked. The money was returned to the buyer's balance."),
    )  # fmt: skip


@operator_required
@require_POST
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the account number once, to the operator who pays. The audit log records it."""
    withdrawal = _withdrawal(pk)
    if withdrawal.status != Withdrawal.Status.APPROVED:
        raise Http404
    return _page(request, withdrawal, None, account=verbs.account_of(withdrawal))
