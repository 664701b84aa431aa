"""Make the statements of a month: one for each seller, category and currency (business-rules §8.1–8.3).

What comes to less than the payout minimum waits for the next month, and so does what is less than nothing: it is deducted there
(§8.2). A seller that left is paid whatever is left. Made once: what is found later stands in the next month's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField

from tradepost.market.base import ids, jobs, outbox, rows
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.identity.models import Seller

from .calendar import begins, month_after
from .events import StatementIssued
from .fee import FeePolicy, Inputs, fee_of, read_inputs
from .models import Category, PaidMonth, SettlementItem, Statement, StatementLine
from .rules import SettlementRules

SIGN_BY = "settlement.sign_by"
"""Kind of the timer of a statement that its seller has not answered."""


def make(seller: Seller, currency: str, month: date, *, rules: SettlementRules, now: datetime) -> Statement | None:
    """The statement of this month; None where there is one, or nothing to pay out. The market does not settle with itself."""
    if seller.self_operated or Statement.objects.filter(seller=seller, currency=currency, month=month).exists():
        return None
    until = begins(month_after(month), rules.zone)
    items = _ITEMS(seller.pk, currency, until)
    lines = _lines(items, rules.policy)
    net = sum(line.net_minor for line in lines)
    least = 1 if seller.status == Seller.Status.EXITED else rules.minimum_minor
    if net < least:
        return None
    fee = sum(line.fee_minor for line in lines)
    made = Statement(
        number=f"JS{month:%y%m}{ids.chance(ids.ALPHABET, 8)}", seller=seller, category=Category.GENERAL, currency=currency,
        month=month, gross_minor=net + fee, fee_minor=fee, net_minor=net, issued_at=now, sign_by=rules.sign_by(now),
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _keep(made, lines, items)
            outbox.publish(StatementIssued(statement=made.pk), now=now)
            wait_for(made)
    except IntegrityError:  # made by somebody else at the same moment
        return None
    return made


_ITEMS = PreparedObjects(
    (BigIntegerField(), CharField(), DateTimeField()),
    lambda seller, currency, until: SettlementItem.objects.filter(
        seller_id=seller, currency=currency, statement=None, settles_at__lt=until
    ).order_by("pk"),
)


def wait_for(statement: Statement) -> None:
    """Its seller is waited for: the one timer of it looks, and waits again or ends."""
    jobs.schedule(SIGN_BY, str(statement.pk), due_at=statement.sign_by, payload={"statement": statement.pk})


def _keep(made: Statement, lines: Sequence[StatementLine], items: Sequence[SettlementItem]) -> None:
    for line in lines:
        line.statement = made
    rows.create(lines)
    taken = SettlementItem.objects.filter(pk__in=[item.pk for item in items], statement=None).update(statement=made)
    if taken != len(items):
        raise IntegrityError("an item stands on another statement meanwhile")


def _lines(items: Sequence[SettlementItem], policy: FeePolicy) -> list[StatementLine]:
    """One for each source, in the order in which it was first settled."""
    by_source: defaultdict[str, list[SettlementItem]] = defaultdict(list)
    for item in items:
        by_source[item.source].append(item)
    before = _settled_before(list(by_source))
    paid = _paid(items)
    return [
        _line(alike, policy, before.get(source), paid[alike[0].product_id, alike[0].paid_month])
        for source, alike in by_source.items()
    ]


def _settled_before(sources: Sequence[str]) -> dict[str, tuple[int, int, Inputs]]:
    """Of each source what was settled, its fee, and the last inputs: its rate stays."""
    found: dict[str, tuple[int, int, Inputs]] = {}
    for line in _BEFORE(sources) if sources else ():
        base, fee, _last = found.get(line.source, (0, 0, None))
        found[line.source] = (base + line.base_minor, fee + line.fee_minor, read_inputs(line.inputs))
    return found


_BEFORE = PreparedObjects(
    (Keys("text"),), lambda sources: StatementLine.objects.filter(Among("source", sources)).order_by("pk")
)


def _paid(items: Sequence[SettlementItem]) -> defaultdict[tuple[int, date], int]:
    """By product and month, in the currency that all these items have."""
    asked = {(item.product_id, item.paid_month) for item in items}
    known: defaultdict[tuple[int, date], int] = defaultdict(int)
    months = PaidMonth.objects.filter(
        product__in={product for product, _month in asked}, month__in={month for _product, month in asked}
    )
    for one in months.filter(currency=items[0].currency) if items else ():
        known[one.product_id, one.month] = one.minor
    return known


def _line(
    items: Sequence[SettlementItem], policy: FeePolicy, before: tuple[int, int, Inputs] | None, paid: int
) -> StatementLine:
    first = items[0]
    base = sum(item.minor for item in items)
    if before is None:
        inputs = Inputs(
            base_minor=base, share=policy.share, increment=policy.increment(paid), paid_month=first.paid_month,
            paid_minor=paid,
        )  # fmt: skip
    else:  # what was agreed to stays as it is, also its share
        settled, charged, last = before
        inputs = Inputs(
            base_minor=base, before_minor=settled, fee_before_minor=charged, share=last.share, increment=last.increment,
            paid_month=last.paid_month, paid_minor=last.paid_minor,
        )  # fmt: skip
    fee = fee_of(inputs)
    return StatementLine(
        source=first.source, product_id=first.product_id, line_id=first.line_id, subscription_id=first.subscription_id,
        base_minor=base, rate=inputs.rate, fee_minor=fee, net_minor=base - fee, inputs=inputs.stored,
    )  # fmt: skip
