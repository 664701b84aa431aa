"""Who is told of a statement: whoever acts for its seller, and operators of one that was rejected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import BigIntegerField
from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.base.prepared import PreparedObjects
from tradepost.market.settlement.events import (
    StatementAnswered,
    StatementIssued,
    StatementPaid,
    StatementPaymentFailed,
    StatementRejected,
)
from tradepost.market.settlement.models import Statement

from . import facts as f
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all

FAILED = {
    Statement.Status.APPLICATION_FAILED: "statement_not_certified",
    Statement.Status.PAYMENT_WRONG: "statement_account_wrong",
    Statement.Status.REFUSED: "statement_refused",
}


def on_statement_issued(event: StatementIssued, now: datetime) -> None:
    one = _statement(event.statement)
    tell_all(_to_seller(one, "statement_issued", {"until": f.moment(one.sign_by)}), now=now)


def on_statement_answered(event: StatementAnswered, now: datetime) -> None:
    one = _statement(event.statement)
    more: dict[str, f.Json | str] = {"answer": one.answer, "until": f.moment(one.sign_by)}
    tell_all(_to_seller(one, "statement_answered", more, occasion=event.occasion), now=now)


def on_statement_rejected(event: StatementRejected, now: datetime) -> None:
    one = _statement(event.statement)
    link, once = reverse("console:settlement", args=[one.pk]), f"{one.pk}/{event.occasion}"
    facts = {**_shared(one), "reason": one.reason, "seller": seller_names(one.seller)}
    tell_all(
        [
            Telling(user=user, kind="operator_statement_rejected", facts=facts, once=once, link=link)
            for user in operators()
        ],
        now=now,
    )


def on_statement_payment_failed(event: StatementPaymentFailed, now: datetime) -> None:
    """Nothing where it was mended meanwhile."""
    one = _statement(event.statement)
    kind = FAILED.get(Statement.Status(one.status))
    if kind is not None:
        tell_all(_to_seller(one, kind, {"reason": one.reason}, occasion=event.occasion), now=now)


def on_statement_paid(event: StatementPaid, now: datetime) -> None:
    one = _statement(event.statement)
    transfer = one.paid.reference if one.paid else "–"
    more: dict[str, f.Json | str] = {"account": f"{one.bank} {one.account_hint}", "transfer": transfer}
    tell_all(_to_seller(one, "statement_paid", more), now=now)


def _to_seller(one: Statement, kind: str, more: Mapping[str, f.Json | str], *, occasion: str = "") -> list[Telling]:
    return [
        Telling(
            user=user,
            kind=kind,
            facts={**_shared(one), **more},
            once=f"{one.pk}/{occasion}" if occasion else f"{one.pk}",
            link=reverse("seller_center:settlement", args=[one.pk]),
            contact=contact,
            seller=one.seller_id,
        )
        for user, contact in people_of(one.seller)
    ]


def _shared(one: Statement) -> dict[str, f.Json | str]:
    return {"month": f"{one.month:%Y-%m}", "amount": f.money(one.net), "number": one.number}


def _statement(pk: int) -> Statement:
    [found] = _STATEMENT(pk)
    return found


_STATEMENT = PreparedObjects(
    (BigIntegerField(),), lambda pk: Statement.objects.select_related("seller", "paid").filter(pk=pk)
)


REACTIONS = (
    on(StatementIssued, on_statement_issued),
    on(StatementAnswered, on_statement_answered),
    on(StatementRejected, on_statement_rejected),
    on(StatementPaymentFailed, on_statement_payment_failed),
    on(StatementPaid, on_statement_paid),
)
"""A part of ``wiring``'s table."""
