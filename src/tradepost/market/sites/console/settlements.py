"""Statements of sellers: those that wait for an operator first, and one with what an operator does about it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.settlement import agree, payout
from tradepost.market.settlement.models import WAITING, Statement
from tradepost.market.settlement.operator_queries import all_statements, find_statement, waiting
from tradepost.market.settlement.rules import rules_of
from tradepost.market.settlement.seller_queries import lines_of
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.settlement_events import statement_events
from tradepost.market.web.settlement_tables import statement_file
from tradepost.market.web.status import vocabulary

TYPED = ("answer", "reason", "bank_number")


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status, after = request.GET.get("status", "waiting"), request.GET.get("after", "")
    seller = whole_number(request.GET.get("seller", ""))
    if status == "waiting" and seller is None:
        page = waiting(after=after)
    else:
        page = all_statements(status="" if status == "waiting" else status, seller=seller, after=after)
    context = {
        "page": page,
        "status": status,
        "seller_sought": seller,
        "states": [("waiting", _("Waits for an operator")), *vocabulary("statement")],
        **_policy(),
    }
    return render(request, "console/settlements.html", context)


def _policy() -> dict[str, object]:
    """The fee as it is set."""
    settings = config()
    steps = [
        (settings.fee_first_from_minor, settings.fee_first_increment),
        (settings.fee_second_from_minor, settings.fee_second_increment),
    ]
    return {
        "share": _percent(settings.fee_share),
        "steps": [(Money(start, settings.currency), _percent(more)) for start, more in steps],
        "minimum": Money(settings.payout_minimum_minor, settings.currency),
        "day": settings.settlement_day,
        "sign_days": settings.settlement_sign_days,
    }


def _percent(part: Decimal) -> str:
    return f"{part * 100:f}".rstrip("0").rstrip(".")


def _found(pk: int) -> Statement:
    statement = find_statement(pk)
    if statement is None:
        raise Http404
    return statement


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


def _page(
    request: HttpRequest, statement: Statement, refused: Refused | None = None, form: str = "", account: str = ""
) -> HttpResponse:
    """``form``: which of the page's forms was refused; ``account``: to be shown this once."""
    context = {
        "statement": statement,
        "page": lines_of(statement, after=request.GET.get("after", "")),
        "events": statement_events(statement, for_operators=True),
        "waits": statement.status in WAITING,
        "refused": refused,
        "form": form,
        "typed": {name: request.POST.get(name, "") for name in TYPED},
        "account": account,
    }
    answer = render(request, "console/settlement.html", context, status=refused.status if refused else 200)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _done(request: HttpRequest, pk: int, form: str, act: Callable[[Statement], None], words: str) -> HttpResponse:
    try:
        act(_found(pk))
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    except Refused as refused:
        return _page(request, _found(pk), refused, form)
    else:
        messages.success(request, words)
    return redirect("console:settlement", pk)


@operator_required
@require_POST
def reissue(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a seller that rejected it."""
    settings = config()
    rules = rules_of(settings, zone=timezone.get_default_timezone(), closes=settings.review_day_ends)
    answer, by = request.POST.get("answer", ""), person(request)
    return _done(
        request, pk, "reissue", lambda one: agree.reissue(one, answer, by=by, rules=rules, now=now_of(request)),
        _("Issued again. The seller reads your answer."),
    )  # fmt: skip


@operator_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the payment again."""
    return _done(
        request, pk, "again", lambda one: payout.begin_again(one, by=person(request), now=now_of(request)),
        _("The payment is begun again."),
    )  # fmt: skip


@operator_required
@require_POST
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the number of the account, this once: whoever makes the transfer needs it. The audit log knows who looked."""
    statement = _found(pk)
    if statement.status != Statement.Status.PAYING:
        raise Http404
    number = payout.account_of(statement)
    if not number:
        messages.error(
            request, _("The account's number cannot be read any more: the seller has its certification changed.")
        )
    return _page(request, statement, account=number)


@operator_required
@require_POST
def wrong(request: HttpRequest, pk: int) -> HttpResponse:
    """The bank does not know the account."""
    reason, by = request.POST.get("reason", ""), person(request)
    return _done(
        request, pk, "wrong", lambda one: payout.bad_details(one, reason, by=by, now=now_of(request)),
        _("The seller reads it, and has its certification changed."),
    )  # fmt: skip


@operator_required
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    reason, by = request.POST.get("reason", ""), person(request)
    return _done(
        request, pk, "refuse", lambda one: payout.refuse(one, reason, by=by, now=now_of(request)),
        _("Not paid for now. The seller reads why."),
    )  # fmt: skip


@operator_required
@require_POST
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank paid it."""
    number, by = request.POST.get("bank_number", ""), person(request)
    return _done(
        request, pk, "pay", lambda one: payout.pay(one, number, by=by, now=now_of(request)),
        _("Recorded. The seller is told that it is paid."),
    )  # fmt: skip


@operator_required
@require_safe
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The lines of a statement as a table."""
    del request
    return statement_file(_found(pk), kind)
