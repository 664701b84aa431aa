"""An operator answers a demand, with a product of the store or without, or closes what is none."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox

from .customer_demands import named, recall
from .demand_models import LONGEST_ANSWER
from .demands import locked
from .events import DemandAnswered
from .lifecycle import DEMAND, DemandEvent
from .models import Demand
from .words_given import words


class Answer(Struct, frozen=True, kw_only=True):
    """``product``: the key of one that is on sale, or none."""

    by: str
    words: str
    product: int | None = None


def answer(demand: Demand, given: Answer, *, now: datetime) -> None:
    """Who asked is told; a seller that was asked need not answer any more. Raises ``Refused``, ``IllegalTransition``."""
    said = words(given.words, "words", missing=_("Say something: who asked reads it."), longest=LONGEST_ANSWER)
    product = named(given.product) if given.product is not None else None
    with transaction.atomic():
        standing = locked(demand)
        DEMAND.move_all(
            [standing], DemandEvent.ANSWER, now=now, actor=given.by, answer=said, product=product, answered_by=given.by,
            ended_at=now,
        )  # fmt: skip
        recall(standing, now=now)
        outbox.publish(DemandAnswered(demand=standing.pk), now=now)


def close(demand: Demand, why: str, *, by: str, now: datetime) -> None:
    """It is no demand, such as an advertisement. Nothing is mailed; who follows the link reads why."""
    said = words(why, "why", missing=_("Say why it is closed."), longest=LONGEST_ANSWER)
    with transaction.atomic():
        standing = locked(demand)
        DEMAND.move_all([standing], DemandEvent.CLOSE, now=now, actor=by, answer=said, answered_by=by, ended_at=now)
