"""Create the statements of a month: one per seller, category and currency (business-rules §8.1–8.3).

Amounts below the minimum payout, also negative ones, carry over to the next month (§8.2). A seller that left is paid
any amount. Each statement is created once; later items go onto the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField

from tradepost.market.base import ids, jobs, outbox, rows
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.identity.models import Seller

from . import fee_rules, open_sums
from .calendar import month_after, start_of
from .events import StatementIssued
from .fee import FeeInputs, FeePolicy, fee_of, read_inputs
from .models import Category, PaidMonth, SettlementItem, Statement, StatementLine
from .rules import SettlementRules

SIGN_BY_TIMER = "settlement.sign_by"
"""Timer kind of a statement that waits for its seller's answer."""


def create_statement(
    seller: Seller, currency: str, month: date, *, rules: SettlementRules, now: datetime
) -> Statement | None:
    """Create the statement of this month; None if it exists or nothing is to be paid. The market does not settle with
    itself."""
    if seller.self_operated or Statement.objects.filter(seller=seller, currency=currency, month=month).exists():
        return None
    until = start_of(month_after(month), rules.zone)
    items = _ITEMS(seller.pk, currency, until)
    lines = lines_of_items(items, rules.policy)
    net_minor = sum(line.net_minor for line in lines)
    minimum_minor = 1 if seller.status == Seller.Status.EXITED else rules.minimum_minor
    if net_minor < minimum_minor:
        return None
    fee = sum(line.fee_minor for line in lines)
    statement = Statement(
        number=f"JS{month:%y%m}{ids.draw_random(ids.ALPHABET, 8)}", seller=seller, category=Category.GENERAL, currency=currency,
        month=month, gross_minor=net_minor + fee, fee_minor=fee, net_minor=net_minor, issued_at=now, sign_by=rules.sign_by(now),
    )  # fmt: skip
    try:
        with transaction.atomic():
            statement.save(force_insert=True)
            _store(statement, lines, items)
            outbox.publish(StatementIssued(statement=statement.pk), now=now)
            wait_for_answer(statement)
    except IntegrityError:  # created concurrently
        return None
    return statement


_ITEMS = PreparedObjects(
    (BigIntegerField(), CharField(), DateTimeField()),
    lambda seller, currency, until: SettlementItem.objects.filter(
        seller_id=seller, currency=currency, statement=None, settles_at__lt=until
    ).order_by("pk"),
)


def wait_for_answer(statement: Statement) -> None:
    """Start the timer of the seller's answer; each statement has one."""
    jobs.schedule(SIGN_BY_TIMER, str(statement.pk), due_at=statement.sign_by, payload={"statement": statement.pk})


def _store(statement: Statement, lines: Sequence[StatementLine], items: Sequence[SettlementItem]) -> None:
    for line in lines:
        line.statement = statement
    rows.create(lines)
    updated_count = SettlementItem.objects.filter(pk__in=[item.pk for item in items], statement=None).update(
        statement=statement
    )
    if updated_count != len(items):
        raise IntegrityError("an item stands on another statement meanwhile")
    open_sums.subtract(items)


def lines_of_items(items: Sequence[SettlementItem], policy: FeePolicy) -> list[StatementLine]:
    """Return unsaved statement lines for these items: one per source, in the order of its first item."""
    by_source: defaultdict[str, list[SettlementItem]] = defaultdict(list)
    for item in items:
        by_source[item.source].append(item)
    settled_before = _earlier_settlements(list(by_source))
    paid_minor, policies = _paid(items), fee_rules.policies_of_items(items, policy)
    return [
        _line(
            same_source,
            policies[same_source[0].pk],
            settled_before.get(source),
            paid_minor[same_source[0].product_id, same_source[0].paid_month],
        )
        if same_source[0].product_id is not None
        else _payment_line(same_source)
        for source, same_source in by_source.items()
    ]


def _earlier_settlements(sources: Sequence[str]) -> dict[str, tuple[int, int, FeeInputs]]:
    """Return the settled amount, fee and last inputs by source. The rate of a source never changes."""
    by_source: dict[str, tuple[int, int, FeeInputs]] = {}
    for line in _EARLIER_LINES(sources) if sources else ():
        base, fee, _last = by_source.get(line.source, (0, 0, None))
        by_source[line.source] = (base + line.base_minor, fee + line.fee_minor, read_inputs(line.inputs))
    return by_source


_EARLIER_LINES = PreparedObjects(
    (Keys("text"),), lambda sources: StatementLine.objects.filter(Among("source", sources)).order_by("pk")
)


def _payment_line(items: Sequence[SettlementItem]) -> StatementLine:
    """Return the line of a seller's payment, which has no fee."""
    base = sum(item.minor for item in items)
    inputs = FeeInputs(base_minor=base, share=Decimal(1), paid_month=items[0].paid_month)
    return StatementLine(
        source=items[0].source, base_minor=base, rate=inputs.rate, fee_minor=0, net_minor=base, inputs=inputs.stored
    )


def _paid(items: Sequence[SettlementItem]) -> defaultdict[tuple[int | None, date], int]:
    """Return payments by product and month, in the common currency of these items."""
    keys = {(item.product_id, item.paid_month) for item in items if item.product_id is not None}
    paid_minors: defaultdict[tuple[int | None, date], int] = defaultdict(int)
    months = PaidMonth.objects.filter(
        product__in={product for product, _month in keys}, month__in={month for _product, month in keys}
    )
    for paid_month in months.filter(currency=items[0].currency) if keys else ():
        paid_minors[paid_month.product_id, paid_month.month] = paid_month.minor
    return paid_minors


def _line(
    items: Sequence[SettlementItem], policy: FeePolicy, before: tuple[int, int, FeeInputs] | None, paid_minor: int
) -> StatementLine:
    first_item = items[0]
    base = sum(item.minor for item in items)
    if before is None:
        inputs = FeeInputs(
            base_minor=base, share=policy.share, increment=policy.increment(paid_minor), paid_month=first_item.paid_month,
            paid_minor=paid_minor, policy=policy.name,
        )  # fmt: skip
    else:  # the rate of an approved source does not change
        settled_minor, charged_minor, last_inputs = before
        inputs = FeeInputs(
            base_minor=base, before_minor=settled_minor, fee_before_minor=charged_minor, share=last_inputs.share, increment=last_inputs.increment,
            paid_month=last_inputs.paid_month, paid_minor=last_inputs.paid_minor, policy=last_inputs.policy,
        )  # fmt: skip
    fee = fee_of(inputs)
    return StatementLine(
        source=first_item.source, product_id=first_item.product_id, line_id=first_item.line_id, subscription_id=first_item.subscription_id,
        base_minor=base, rate=inputs.rate, fee_minor=fee, net_minor=base - fee, inputs=inputs.stored,
    )  # fmt: skip
