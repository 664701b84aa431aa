"""The milestones of one delivery: declared by its product, accepted one by one, each worth its share of the price (business-rules
§2.10; joint.md §4). Their money is the seller's when the whole delivery is over (§8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Sum

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.product_types.milestones import Milestone as Declared

from .models import Milestone, Supervision


def split(total: Money, weights: Sequence[int]) -> tuple[int, ...]:
    """Minor units of each part: largest remainders first, the earlier one where two are alike."""
    return tuple(part.minor for part in total.split(tuple(weights)))


def declare(supervision: Supervision, declared: Sequence[Declared]) -> None:
    """Write them with their amounts. What the product says later changes nothing."""
    if not declared:
        return
    amounts = split(supervision.line.amount, [one.weight for one in declared])
    rows.create(
        Milestone(
            supervision=supervision, position=place, name=one.name.zh, name_en=one.name.en, weight=one.weight,
            amount_minor=amount,
        )
        for place, (one, amount) in enumerate(zip(declared, amounts, strict=True), start=1)
    )  # fmt: skip


def of(supervision: Supervision) -> list[Milestone]:
    found = list(Milestone.objects.filter(supervision=supervision).order_by("position"))
    for one in found:
        one.supervision = supervision
    return found


def accepted_minor(supervision: Supervision) -> int:
    accepted = Milestone.objects.filter(supervision=supervision, accepted_at__isnull=False)
    return int(accepted.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def current(supervision: Supervision) -> Milestone | None:
    """What is delivered now; None without milestones."""
    return Milestone.objects.filter(supervision=supervision, accepted_at=None).order_by("position").first()


def accept_current(supervision: Supervision, *, now: datetime) -> bool:
    """The buyer accepts what was delivered. Whether more are to be delivered. Its delivery is locked."""
    one = current(supervision)
    if one is None:
        return False
    one.accepted_at = now
    one.save(update_fields=["accepted_at"])
    return current(supervision) is not None


def accept_all(supervision: Supervision, *, now: datetime) -> None:
    """The delivery as a whole counts as accepted."""
    Milestone.objects.filter(supervision=supervision, accepted_at=None).update(accepted_at=now)


def share_anew(supervision: Supervision, rest: Money) -> None:
    """Less is left for what is not accepted yet: it shares that by the same weights."""
    left = list(Milestone.objects.filter(supervision=supervision, accepted_at=None).order_by("position"))
    if left:
        for one, amount in zip(left, split(rest, [one.weight for one in left]), strict=True):
            one.amount_minor = amount
        Milestone.objects.bulk_update(left, ["amount_minor"])
