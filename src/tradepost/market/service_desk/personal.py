"""Personal data of the service desk: complaints and demands."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Deleted, Emptied, Exported, Hold, Personal

from .complaint_models import Complaint
from .demand_models import Demand
from .models import ReceivedMail

_OPEN = [Complaint.Status.ASKED, Complaint.Status.UNANSWERED, Complaint.Status.REPLIED]


def _holds(user: int) -> Iterator[Hold]:
    if number := Complaint.objects.filter(buyer=user, status__in=_OPEN).count():
        yield Hold(code="complaints", number=number)


EXPORTED = (
    Exported(
        name="complaints", title=_("Complaints"), model=Complaint, whose="buyer",
        columns=(
            "created_at seller__name order__number product__name reason text status reply replied_at decision "
            "ended_at"
        ),
    ),
    Exported(
        name="demands", title=_("Demands"), model=Demand, whose="buyer",
        columns="created_at status contact email phone language requirement searched shares_contact answer ended_at",
    ),
    Exported(
        name="mails", title=_("Emails you sent to the market"), model=ReceivedMail, whose="sender__iexact",
        columns="received_at sender subject text", by="email",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    deleted=(
        Deleted(model=Demand, whose="buyer"),
        Deleted(model=Demand, whose="email__iexact", by="email"),
        Deleted(model=ReceivedMail, whose="sender__iexact", by="email"),
    ),
    emptied=(Emptied(model=Complaint, whose="buyer", columns={"text": "", "reply": "", "decision": ""}),),
    exported=EXPORTED,
)
"""A decided complaint is kept without its texts, since the seller's penalty points depend on it."""
