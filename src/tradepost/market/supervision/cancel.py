"""The buyer of a supervised delivery wants money back: all that is not accepted, or a part of it; then the delivery ends, or goes on
for the lower price. Asked for, withdrawn, agreed to, declined (business-rules §2.10, §4.7)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import in_words
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Refundable
from tradepost.market.subscriptions.models import Subscription

from . import step
from .act import locked_service, must_run
from .clocks import Clocks
from .events import CancelAsked, CancelDeclined
from .models import CancelRequest, Supervision
from .refund_rights import Against, against
from .timers import watch

LONGEST = 1000


def ask(pk: int, reason: str, *, amount_minor: int | None = None, ends: bool = True, now: datetime) -> CancelRequest:
    """Ask the seller for so much, for all that is left where nothing is said. Raises ``Refused``, and nothing was changed
    then."""
    said = words(reason, "reason", _("Say in a few words why: the seller decides by it."))
    with transaction.atomic():
        locked_service(pk)
        supervision = step.locked(pk)
        must_run(supervision)
        amount_minor = _checked(supervision, amount_minor, ends=ends)
        if step.open_request(supervision) is not None:
            raise Refused("supervision.cancelling", _("The seller is asked already."))
        request = CancelRequest.objects.create(
            supervision=supervision, amount_minor=amount_minor, ends=ends, reason=said, asked_at=now
        )
        outbox.publish(CancelAsked(request=request.pk), now=now)
    return request


def _checked(supervision: Supervision, amount_minor: int | None, *, ends: bool) -> int | None:
    """The amount; None for all that is left. Raises ``Refused``."""
    at, sums = step.node_of(supervision).refundable, step.sums_of(supervision)
    why = against(at, sums, sums.rest if amount_minor is None else amount_minor, ends=ends)
    if why is None:
        return None if amount_minor == sums.rest else amount_minor
    if why is Against.FORBIDDEN:
        raise _no_refund()
    most = in_words(Money(sums.rest, supervision.line.order.currency))
    words = {
        Against.NOTHING: _("Ask for more than nothing and for at most %(most)s, which is not accepted yet."),
        Against.TOO_MUCH: _("Ask for more than nothing and for at most %(most)s, which is not accepted yet."),
        Against.ONLY_ALL: _("Nothing has been delivered yet: ask for all of it, %(most)s."),
        Against.ALL_ENDS: _(
            "With %(most)s all goes back that is left: the delivery ends then. Say so, or ask for less."
        ),
    }[why]
    raise Refused(f"supervision.{why}", words % {"most": most}, HTTPStatus.UNPROCESSABLE_ENTITY, field="amount")


def may_give_up(supervision: Supervision) -> bool:
    """Whether its seller may end it and pay back what is held: not once an authorisation code was taken (§2.10, §4.7)."""
    return step.node_of(supervision).refundable is not Refundable.NOTHING


def _no_refund() -> Refused:
    return Refused("supervision.no_refund", _("At this point nothing can be paid back any more."))


def withdraw(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        locked_service(pk)
        request = _open(step.locked(pk))
        _answered(request, CancelRequest.Status.WITHDRAWN, "", now)
        outbox.publish(CancelAsked(request=request.pk, withdrawn=True), now=now)


def decline(pk: int, answer: str, *, now: datetime) -> None:
    """The seller goes on with the delivery; the buyer may appeal."""
    said = words(answer, "answer", _("Say why: the buyer reads it."))
    with transaction.atomic():
        locked_service(pk)
        request = _open(step.locked(pk))
        _answered(request, CancelRequest.Status.DECLINED, said, now)
        outbox.publish(CancelDeclined(request=request.pk), now=now)


def agree(pk: int, answer: str, *, by: User, clocks: Clocks, now: datetime) -> None:
    """The seller agrees to what was asked for; or gives it up without being asked, and all that was not accepted goes back.
    Raises ``Refused``, and nothing was changed then."""
    with transaction.atomic():
        held = locked_service(pk)
        supervision = step.locked(pk)
        must_run(supervision)
        request = step.open_request(supervision)
        if request is None:
            if not may_give_up(supervision):
                raise _no_refund()
            said = words(answer, "answer", _("Say why: the buyer reads it."))
            step.pay_back(supervision, held, reason=said[:500], by=by.email, clocks=clocks, now=now)
        elif _ends(request) and (to := step.node_of(supervision).agreed_to):
            request.status, request.answer = CancelRequest.Status.RETURNING, answer.strip()[:LONGEST]
            request.save(update_fields=["status", "answer"])
            supervision.visit += 1  # what was meant for the node before does nothing any more
            step.enter(supervision, step.flow_of(supervision).by_code[to], act=None, clocks=clocks, now=now)
            watch(supervision, clocks=clocks, now=now)
        else:
            said = answer.strip()[:LONGEST]
            _answered(request, CancelRequest.Status.AGREED, said, now)
            _carry_out(supervision, held, request, said or request.reason, by=by, clocks=clocks, now=now)


def _ends(request: CancelRequest) -> bool:
    return request.ends or request.amount_minor is None


def _carry_out(
    supervision: Supervision, held: Subscription, request: CancelRequest, reason: str, *, by: User, clocks: Clocks,
    now: datetime,
) -> None:  # fmt: skip
    if request.ends or request.amount_minor is None:
        step.pay_back(
            supervision, held, amount_minor=request.amount_minor, reference=str(request.pk), reason=reason[:500],
            by=by.email, clocks=clocks, now=now,
        )  # fmt: skip
    else:
        step.reduce(
            supervision, held, amount_minor=request.amount_minor, reference=str(request.pk), by=by.email, now=now
        )


def _open(supervision: Supervision) -> CancelRequest:
    request = step.open_request(supervision)
    if request is None:
        raise Refused("supervision.no_request", _("There is no such request any more."))
    return request


def _answered(request: CancelRequest, status: CancelRequest.Status, answer: str, now: datetime) -> None:
    request.status, request.answer, request.ended_at = status, answer, now
    request.save(update_fields=["status", "answer", "ended_at"])


def words(text: str, field: str, missing: str, most: int = LONGEST) -> str:
    """What somebody must say. Raises ``Refused`` beside its field."""
    said = text.strip()
    if not said or len(said) > most:
        told = missing if not said else _("At most %(most)s characters.") % {"most": most}
        raise Refused(f"supervision.{field}", told, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return said
