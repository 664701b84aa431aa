"""Personal data of supervised deliveries. An erasure keeps dates and steps and empties texts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Emptied, Exported, Personal

from .models import Appeal, CancelRequest, Supervision, Visit

EXPORTED = (
    Exported(
        name="deliveries", title=_("Manual deliveries"), model=Supervision, whose="buyer",
        columns=(
            "line__number status node receiver_phone started_on opened_at ended_at refunded_minor "
            "line__order__currency"
        ),
        currency="line__order__currency",
    ),
    Exported(
        name="delivery_steps", title=_("Delivery steps"), model=Visit, whose="supervision__buyer",
        columns="supervision__line__number at party act words entries",
    ),
    Exported(
        name="delivery_cancellations", title=_("Delivery cancellation requests"), model=CancelRequest, whose="supervision__buyer",
        columns=(
            "supervision__line__number status amount_minor supervision__line__order__currency reason answer "
            "asked_at ended_at"
        ),
        currency="supervision__line__order__currency",
    ),
    Exported(
        name="delivery_disputes", title=_("Delivery disputes"), model=Appeal, whose="supervision__buyer",
        columns="supervision__line__number party reason opened_at decision opinion decided_at",
    ),
)  # fmt: skip

PERSONAL = Personal(
    emptied=(
        Emptied(model=Supervision, whose="buyer", columns={"receiver_phone": ""}),
        Emptied(model=Visit, whose="supervision__buyer", columns={"words": "", "entries": {}}),
        Emptied(model=CancelRequest, whose="supervision__buyer", columns={"reason": "", "answer": ""}),
        Emptied(model=Appeal, whose="supervision__buyer", columns={"reason": "", "opinion": ""}),
    ),
    exported=EXPORTED,
)
