"""Buyer or seller asks the operator to decide: the delivery stands still, keeps the rest of its time, and goes on, counts as
accepted, or is paid back (business-rules §2.10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.working_days import due
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Party

from . import happened, step
from .act import locked_service, must_run
from .cancel import words
from .clocks import Clocks, remaining
from .events import AppealDecided, AppealOpened, NodeEntered
from .lifecycle import SUPERVISION, SupervisionEvent
from .models import Appeal, Supervision
from .timers import watch

LONGEST = 2000
MOST_PROOFS = 5


def appeal(
    pk: int, party: Party, reason: str, proofs: tuple[str, ...], *, by: User, clocks: Clocks, now: datetime
) -> Appeal:
    """Raises ``Refused``, and nothing was changed then."""
    said = words(reason, "reason", _("Say what the operator should know."), LONGEST)
    with transaction.atomic():
        locked_service(pk)
        supervision = step.locked(pk)
        must_run(supervision)
        left = remaining(supervision.due_at, now)
        made = Appeal.objects.create(
            supervision=supervision, party=party.value, actor=by.email, reason=said, opened_at=now,
            remaining_seconds=None if left is None else int(left.total_seconds()),
            due_at=due(now, clocks.appeal_workdays, zone=clocks.zone, closes=clocks.closes).at,
        )  # fmt: skip
        if proofs:
            use_proofs(proofs_owner(made), proofs[:MOST_PROOFS], seller=supervision.seller)
        SUPERVISION.move_all([supervision], SupervisionEvent.APPEAL, now=now, actor=by.email, due_at=None)
        watch(supervision, clocks=clocks, now=now)
        outbox.publish(AppealOpened(appeal=made.pk), now=now)
    return made


def proofs_owner(made: Appeal) -> str:
    return f"supervision-appeal:{made.pk}"


def decide(pk: int, decision: Appeal.Decision, opinion: str, *, by: User, clocks: Clocks, now: datetime) -> Supervision:
    """An operator decides. Raises ``Refused``, and nothing was changed then."""
    said = words(opinion, "opinion", _("Say why: both sides read it."), LONGEST)
    with transaction.atomic():
        held = locked_service(pk)
        supervision = step.locked(pk)
        open_one, entered_at = (
            Appeal.objects.filter(supervision=supervision, decision="").first(),
            supervision.entered_at,
        )
        if open_one is None:
            raise Refused("supervision.no_appeal", _("There is no appeal to decide any more."))
        open_one.decision, open_one.opinion, open_one.decided_at, open_one.decided_by = decision, said, now, by.email
        open_one.save(update_fields=["decision", "opinion", "decided_at", "decided_by"])
        match decision:
            case Appeal.Decision.ACCEPT:
                step.accept(supervision, held, by=by.email, clocks=clocks, now=now)
            case Appeal.Decision.REFUND:
                step.pay_back(supervision, held, reason=said[:500], by=by.email, clocks=clocks, now=now)
            case _:
                _go_on(supervision, open_one, by, now)
                happened.catch_up(supervision, held, since=entered_at, clocks=clocks, now=now)
        watch(supervision, clocks=clocks, now=now)
        outbox.publish(AppealDecided(appeal=open_one.pk), now=now)
    return supervision


def _go_on(supervision: Supervision, made: Appeal, by: User, now: datetime) -> None:
    """Where it stood, with the time that was left."""
    left = made.remaining_seconds
    due_at = None if left is None else now + timedelta(seconds=left)
    SUPERVISION.move_all(
        [supervision], SupervisionEvent.CONTINUE, now=now, actor=by.email, due_at=due_at, entered_at=now, reminded=False
    )
    outbox.publish(NodeEntered(supervision=supervision.pk, visit=supervision.visit), now=now)
