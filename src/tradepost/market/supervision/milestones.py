"""Milestones of a delivery, accepted one by one, each with its share of the price (business-rules §2.10; joint.md §4).

The seller earns their money at the end of the whole delivery (§8.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Sum

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.product_types.milestones import Milestone as Declared

from .models import Milestone, Supervision


def split(total: Money, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount in minor units by the largest remainder; equal remainders favour the earlier part."""
    return tuple(part.minor for part in total.split(tuple(weights)))


def declare(supervision: Supervision, declared: Sequence[Declared]) -> None:
    """Store the declared milestones with their amounts. Later changes to the product have no effect."""
    if not declared:
        return
    amounts = split(supervision.line.amount, [milestone.weight for milestone in declared])
    rows.create(
        Milestone(
            supervision=supervision, position=position, name=milestone.name.zh, name_en=milestone.name.en, weight=milestone.weight,
            amount_minor=amount,
        )
        for position, (milestone, amount) in enumerate(zip(declared, amounts, strict=True), start=1)
    )  # fmt: skip


def milestones_of(supervision: Supervision) -> list[Milestone]:
    milestones = list(Milestone.objects.filter(supervision=supervision).order_by("position"))
    for milestone in milestones:
        milestone.supervision = supervision
    return milestones


def accepted_minor(supervision: Supervision) -> int:
    accepted_milestones = Milestone.objects.filter(supervision=supervision, accepted_at__isnull=False)
    return int(accepted_milestones.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def current(supervision: Supervision) -> Milestone | None:
    """Return the milestone that is being delivered; None without milestones."""
    return Milestone.objects.filter(supervision=supervision, accepted_at=None).order_by("position").first()


def accept_current(supervision: Supervision, *, now: datetime) -> bool:
    """Accept the current milestone. Return whether any remain. The caller has locked the delivery."""
    milestone = current(supervision)
    if milestone is None:
        return False
    milestone.accepted_at = now
    milestone.save(update_fields=["accepted_at"])
    return current(supervision) is not None


def accept_all(supervision: Supervision, *, now: datetime) -> None:
    """Accept all remaining milestones."""
    Milestone.objects.filter(supervision=supervision, accepted_at=None).update(accepted_at=now)


def redistribute(supervision: Supervision, rest: Money) -> None:
    """Distribute a reduced remaining amount to the milestones that are not accepted, by the same weights."""
    remaining = list(Milestone.objects.filter(supervision=supervision, accepted_at=None).order_by("position"))
    if remaining:
        for milestone, amount in zip(
            remaining, split(rest, [milestone.weight for milestone in remaining]), strict=True
        ):
            milestone.amount_minor = amount
        Milestone.objects.bulk_update(remaining, ["amount_minor"])
