"""Appeals to the operator by the buyer or the seller (business-rules §2.10).

The delivery pauses and keeps its remaining time. After the decision it continues, is accepted or is refunded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.working_days import deadline_of
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Party

from . import happened, step
from .act import check_open, locked_service
from .cancel import required_text
from .clocks import Clocks, remaining
from .events import AppealDecided, AppealOpened, NodeEntered
from .lifecycle import SUPERVISION, SupervisionEvent
from .models import Appeal, Supervision
from .timers import schedule_timer

MAX_LENGTH = 2000
MAX_PROOFS = 5


def appeal(
    pk: int, party: Party, reason: str, proofs: tuple[str, ...], *, by: User, clocks: Clocks, now: datetime
) -> Appeal:
    """Open an appeal. Raises ``Refused`` and then changes nothing."""
    reason_text = required_text(reason, "reason", _("Enter the information that the operator needs."), MAX_LENGTH)
    with transaction.atomic():
        locked_service(pk)
        supervision = step.lock_supervision(pk)
        check_open(supervision)
        time_left = remaining(supervision.due_at, now)
        new_appeal = Appeal.objects.create(
            supervision=supervision, party=party.value, actor=by.email, reason=reason_text, opened_at=now,
            remaining_seconds=None if time_left is None else int(time_left.total_seconds()),
            due_at=deadline_of(now, clocks.appeal_workdays, zone=clocks.zone, closes=clocks.closes).at,
        )  # fmt: skip
        if proofs:
            use_proofs(proofs_owner(new_appeal), proofs[:MAX_PROOFS], seller=supervision.seller)
        SUPERVISION.move_all([supervision], SupervisionEvent.APPEAL, now=now, actor=by.email, due_at=None)
        schedule_timer(supervision, clocks=clocks, now=now)
        outbox.publish(AppealOpened(appeal=new_appeal.pk), now=now)
    return new_appeal


def proofs_owner(appeal_row: Appeal) -> str:
    return f"supervision-appeal:{appeal_row.pk}"


def decide(pk: int, decision: Appeal.Decision, opinion: str, *, by: User, clocks: Clocks, now: datetime) -> Supervision:
    """Decide the open appeal. Raises ``Refused`` and then changes nothing."""
    opinion_text = required_text(opinion, "opinion", _("Enter the reason. Both parties can see it."), MAX_LENGTH)
    with transaction.atomic():
        service = locked_service(pk)
        supervision = step.lock_supervision(pk)
        open_appeal, entered_at = (
            Appeal.objects.filter(supervision=supervision, decision="").first(),
            supervision.entered_at,
        )
        if open_appeal is None:
            raise Refused("supervision.no_appeal", _("There is no open appeal to decide."))
        open_appeal.decision, open_appeal.opinion, open_appeal.decided_at, open_appeal.decided_by = (
            decision,
            opinion_text,
            now,
            by.email,
        )
        open_appeal.save(update_fields=["decision", "opinion", "decided_at", "decided_by"])
        match decision:
            case Appeal.Decision.ACCEPT:
                step.accept(supervision, service, by=by.email, clocks=clocks, now=now)
            case Appeal.Decision.REFUND:
                step.refund_and_end(
                    supervision, service, reason=opinion_text[:500], by=by.email, clocks=clocks, now=now
                )
            case _:
                _continue(supervision, open_appeal, by, now)
                happened.advance_if_happened(supervision, service, since=entered_at, clocks=clocks, now=now)
        schedule_timer(supervision, clocks=clocks, now=now)
        outbox.publish(AppealDecided(appeal=open_appeal.pk), now=now)
    return supervision


def _continue(supervision: Supervision, appeal_row: Appeal, by: User, now: datetime) -> None:
    """Continue at the same node with the remaining time."""
    seconds_left = appeal_row.remaining_seconds
    due_at = None if seconds_left is None else now + timedelta(seconds=seconds_left)
    SUPERVISION.move_all(
        [supervision], SupervisionEvent.CONTINUE, now=now, actor=by.email, due_at=due_at, entered_at=now, reminded=False
    )
    outbox.publish(NodeEntered(supervision=supervision.pk, visit=supervision.visit), now=now)
