"""Statements of sellers: those that wait for an operator first, and a detail page with the operator's acts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request as Approval
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.settlement import agree, payout
from tradepost.market.settlement.models import OPERATOR_STATUSES, Statement
from tradepost.market.settlement.operator_queries import all_statements, find_statement, waiting_statements
from tradepost.market.settlement.rules import rules_of
from tradepost.market.settlement.seller_queries import lines_of
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import PAY_STATEMENT
from tradepost.market.web.approved_commands import PayStatement
from tradepost.market.web.settlement_events import statement_events
from tradepost.market.web.settlement_tables import statement_file
from tradepost.market.web.status import state_choices

INPUTS = ("answer", "reason", "bank_number")


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status, after = request.GET.get("status", "waiting"), request.GET.get("after", "")
    seller = whole_number(request.GET.get("seller", ""))
    if status == "waiting" and seller is None:
        page = waiting_statements(after=after)
    else:
        page = all_statements(status="" if status == "waiting" else status, seller=seller, after=after)
    context = {
        "page": page,
        "status": status,
        "seller_sought": seller,
        "states": [("waiting", _("Waiting for an operator")), *state_choices("statement")],
        **_fee_context(),
    }
    return render(request, "console/settlements.html", context)


def _fee_context() -> dict[str, object]:
    """Return the default fee policy from the settings."""
    settings = config()
    steps = [
        (settings.settlement.fee_first_from_minor, settings.settlement.fee_first_increment),
        (settings.settlement.fee_second_from_minor, settings.settlement.fee_second_increment),
    ]
    return {
        "share": _format_percent(settings.settlement.fee_share),
        "steps": [(Money(start, settings.currency), _format_percent(increment)) for start, increment in steps],
        "minimum": Money(settings.settlement.payout_minimum_minor, settings.currency),
        "day": settings.settlement.settlement_day,
        "sign_days": settings.settlement.settlement_sign_days,
    }


def _format_percent(part: Decimal) -> str:
    return f"{part * 100:f}".rstrip("0").rstrip(".")


def _statement(pk: int) -> Statement:
    statement = find_statement(pk)
    if statement is None:
        raise Http404
    return statement


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _statement(pk))


def _page(
    request: HttpRequest, statement: Statement, refused: Refused | None = None, form: str = "", account: str = ""
) -> HttpResponse:
    """Render the page. ``form``: name of the refused form; ``account``: account number to show once."""
    context = {
        "statement": statement,
        "page": lines_of(statement, after=request.GET.get("after", "")),
        "events": statement_events(statement, for_operators=True),
        "waits": statement.status in OPERATOR_STATUSES,
        "refused": refused,
        "form": form,
        "typed": {name: request.POST.get(name, "") for name in INPUTS},
        f"{form}_reason": request.POST.get("reason", ""),
        "account": account,
    }
    response = render(request, "console/settlement.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


def _run_act(
    request: HttpRequest, pk: int, form: str, act: Callable[[Statement], Approval | None], words: str
) -> HttpResponse:
    try:
        waits = act(_statement(pk))
    except IllegalTransition:
        messages.error(request, _("Someone else has already processed this request. The current state is shown below."))
    except Refused as refused:
        return _page(request, _statement(pk), refused, form)
    else:
        if waits is not None:
            return approving.redirect_to_approval(request, waits)
        messages.success(request, words)
    return redirect("console:settlement", pk)


@operator_required
@require_POST
def reissue(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a rejected statement and issue it again."""
    settings = config()
    rules = rules_of(settings.settlement, zone=timezone.get_default_timezone(), closes=settings.review_day_ends)
    answer, by = request.POST.get("answer", ""), person(request)
    return _run_act(
        request, pk, "reissue",
        lambda statement: agree.reissue(statement, answer, by=by, rules=rules, now=now_of(request)),
        _("Issued again. The seller can see your answer."),
    )  # fmt: skip


@operator_required
@require_POST
def retry_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the payment again."""
    return _run_act(
        request, pk, "again",
        lambda statement: payout.retry_payment(statement, by=person(request), now=now_of(request)),
        _("The payment was started again."),
    )  # fmt: skip


@operator_required
@require_POST
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the account number once, for the transfer. The audit log records the operator."""
    statement = _statement(pk)
    if statement.status != Statement.Status.PAYING:
        raise Http404
    number = payout.account_of(statement)
    if not number:
        messages.error(
            request, _("The account number can no longer be read. The seller must change its certification.")
        )
    return _page(request, statement, account=number)


@operator_required
@require_POST
def report_wrong_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank does not know the account."""
    reason, by = request.POST.get("reason", ""), person(request)
    return _run_act(
        request, pk, "wrong", lambda statement: payout.report_wrong_account(statement, reason, by=by, now=now_of(request)),
        _("The seller sees the reason and changes its certification."),
    )  # fmt: skip


@operator_required
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    reason, by = request.POST.get("reason", ""), person(request)
    return _run_act(
        request, pk, "refuse", lambda statement: payout.refuse_payment(statement, reason, by=by, now=now_of(request)),
        _("Payment put on hold. The seller can see the reason."),
    )  # fmt: skip


@operator_required
@require_POST
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank has paid the statement."""
    command = PayStatement(statement=_statement(pk).pk, bank_number=request.POST.get("bank_number", ""))
    return _run_act(
        request, pk, "pay", lambda _one: approving.run(request, PAY_STATEMENT, command),
        _("Payment recorded. The seller is notified."),
    )  # fmt: skip


@operator_required
@require_safe
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Return the lines of a statement as a file."""
    del request
    return statement_file(_statement(pk), kind)
