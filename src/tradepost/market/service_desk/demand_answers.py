"""Answer a demand, with or without a product, or close it if it is not a demand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox

from .customer_demands import product_for_answer, recall_from_seller
from .demand_models import MAX_ANSWER_LENGTH
from .demands import lock_demand
from .events import DemandAnswered
from .lifecycle import DEMAND, DemandEvent
from .models import Demand
from .text_checks import required_text


class Answer(Struct, frozen=True, kw_only=True):
    """An operator's answer. ``product``: key of a product on sale, or None."""

    by: str
    words: str
    product: int | None = None


def answer(demand: Demand, new_answer: Answer, *, now: datetime) -> None:
    """Answer the requester, and recall the demand from a seller. Raises ``Refused``, ``IllegalTransition``."""
    answer_text = required_text(
        new_answer.words, "words", missing=_("Enter an answer. The requester can see it."), longest=MAX_ANSWER_LENGTH
    )
    product = product_for_answer(new_answer.product) if new_answer.product is not None else None
    with transaction.atomic():
        locked_demand = lock_demand(demand)
        DEMAND.move_all(
            [locked_demand], DemandEvent.ANSWER, now=now, actor=new_answer.by, answer=answer_text, product=product, answered_by=new_answer.by,
            ended_at=now,
        )  # fmt: skip
        recall_from_seller(locked_demand, now=now)
        outbox.publish(DemandAnswered(demand=locked_demand.pk), now=now)


def close(demand: Demand, why: str, *, by: str, now: datetime) -> None:
    """Close a text that is not a demand, such as an advertisement. No mail is sent; the link shows the reason."""
    reason = required_text(why, "why", missing=_("Enter the reason for closing the demand."), longest=MAX_ANSWER_LENGTH)
    with transaction.atomic():
        locked_demand = lock_demand(demand)
        DEMAND.move_all(
            [locked_demand], DemandEvent.CLOSE, now=now, actor=by, answer=reason, answered_by=by, ended_at=now
        )
