"""A buyer's requests for a refund of a supervised delivery, in full or in part (business-rules §2.10, §4.7).

The seller agrees or declines; the buyer may withdraw. The delivery then ends, or continues at the lower price.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Refundable
from tradepost.market.subscriptions.models import Subscription

from . import step
from .act import check_open, locked_service
from .clocks import Clocks
from .events import CancelAsked, CancelDeclined
from .models import CancelRequest, Supervision
from .refund_rights import RefundObstacle, find_obstacle
from .timers import schedule_timer

MAX_LENGTH = 1000


def request_refund(
    pk: int, reason: str, *, amount_minor: int | None = None, ends: bool = True, now: datetime
) -> CancelRequest:
    """Request a refund of an amount, or of the remaining amount if it is None. Raises ``Refused`` and then changes
    nothing."""
    reason_text = required_text(reason, "reason", _("Describe the reason briefly. The seller uses it to decide."))
    with transaction.atomic():
        locked_service(pk)
        supervision = step.lock_supervision(pk)
        check_open(supervision)
        amount_minor = _checked_amount(supervision, amount_minor, ends=ends)
        if step.open_request(supervision) is not None:
            raise Refused("supervision.cancelling", _("The seller has already been asked."))
        request = CancelRequest.objects.create(
            supervision=supervision, amount_minor=amount_minor, ends=ends, reason=reason_text, asked_at=now
        )
        outbox.publish(CancelAsked(request=request.pk), now=now)
    return request


def _checked_amount(supervision: Supervision, amount_minor: int | None, *, ends: bool) -> int | None:
    """Return the amount, or None for the remaining amount. Raises ``Refused``."""
    at, sums = step.node_of(supervision).refundable, step.sums_of(supervision)
    problem = find_obstacle(at, sums, sums.rest if amount_minor is None else amount_minor, ends=ends)
    if problem is None:
        return None if amount_minor == sums.rest else amount_minor
    if problem is RefundObstacle.FORBIDDEN:
        raise _no_refund_refusal()
    maximum = format_money(Money(sums.rest, supervision.line.order.currency))
    messages = {
        RefundObstacle.NOTHING: _("Enter an amount above zero and at most %(most)s, the amount not yet accepted."),
        RefundObstacle.TOO_MUCH: _("Enter an amount above zero and at most %(most)s, the amount not yet accepted."),
        RefundObstacle.ONLY_ALL: _("Nothing has been delivered yet. Request the full amount of %(most)s."),
        RefundObstacle.ALL_ENDS: _(
            "A refund of %(most)s returns the full remaining amount and ends the delivery. Choose to end the delivery, or request less."
        ),
    }[problem]
    raise Refused(
        f"supervision.{problem}", messages % {"most": maximum}, HTTPStatus.UNPROCESSABLE_ENTITY, field="amount"
    )


def seller_may_give_up(supervision: Supervision) -> bool:
    """Return whether the seller may end the delivery and refund the held money. Not after an authorisation code was
    taken (§2.10, §4.7)."""
    return step.node_of(supervision).refundable is not Refundable.NOTHING


def _no_refund_refusal() -> Refused:
    return Refused("supervision.no_refund", _("A refund is no longer possible at this step."))


def withdraw(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        locked_service(pk)
        request = _open(step.lock_supervision(pk))
        _store_answer(request, CancelRequest.Status.WITHDRAWN, "", now)
        outbox.publish(CancelAsked(request=request.pk, withdrawn=True), now=now)


def decline(pk: int, answer: str, *, now: datetime) -> None:
    """Decline the request. The delivery continues; the buyer may appeal."""
    answer_text = required_text(answer, "answer", _("Enter the reason. The buyer can see it."))
    with transaction.atomic():
        locked_service(pk)
        request = _open(step.lock_supervision(pk))
        _store_answer(request, CancelRequest.Status.DECLINED, answer_text, now)
        outbox.publish(CancelDeclined(request=request.pk), now=now)


def agree(pk: int, answer: str, *, by: User, clocks: Clocks, now: datetime) -> None:
    """Agree to the request, or, without a request, give up the delivery and refund all that is not accepted.

    Raises ``Refused`` and then changes nothing.
    """
    with transaction.atomic():
        service = locked_service(pk)
        supervision = step.lock_supervision(pk)
        check_open(supervision)
        request = step.open_request(supervision)
        if request is None:
            if not seller_may_give_up(supervision):
                raise _no_refund_refusal()
            answer_text = required_text(answer, "answer", _("Enter the reason. The buyer can see it."))
            step.refund_and_end(supervision, service, reason=answer_text[:500], by=by.email, clocks=clocks, now=now)
        elif _ends_delivery(request) and (next_node := step.node_of(supervision).agreed_to):
            request.status, request.answer = CancelRequest.Status.RETURNING, answer.strip()[:MAX_LENGTH]
            request.save(update_fields=["status", "answer"])
            supervision.visit += 1  # later acts for the previous node have no effect
            step.enter(supervision, step.flow_of(supervision).by_code[next_node], act=None, clocks=clocks, now=now)
            schedule_timer(supervision, clocks=clocks, now=now)
        else:
            answer_text = answer.strip()[:MAX_LENGTH]
            _store_answer(request, CancelRequest.Status.AGREED, answer_text, now)
            _carry_out_request(
                supervision, service, request, answer_text or request.reason, by=by, clocks=clocks, now=now
            )


def _ends_delivery(request: CancelRequest) -> bool:
    return request.ends or request.amount_minor is None


def _carry_out_request(
    supervision: Supervision, service: Subscription, request: CancelRequest, reason: str, *, by: User, clocks: Clocks,
    now: datetime,
) -> None:  # fmt: skip
    if request.ends or request.amount_minor is None:
        step.refund_and_end(
            supervision, service, amount_minor=request.amount_minor, reference=str(request.pk), reason=reason[:500],
            by=by.email, clocks=clocks, now=now,
        )  # fmt: skip
    else:
        step.refund_part(
            supervision, service, amount_minor=request.amount_minor, reference=str(request.pk), by=by.email, now=now
        )


def _open(supervision: Supervision) -> CancelRequest:
    request = step.open_request(supervision)
    if request is None:
        raise Refused("supervision.no_request", _("This request no longer exists."))
    return request


def _store_answer(request: CancelRequest, status: CancelRequest.Status, answer: str, now: datetime) -> None:
    request.status, request.answer, request.ended_at = status, answer, now
    request.save(update_fields=["status", "answer", "ended_at"])


def required_text(text: str, field: str, missing: str, max_length: int = MAX_LENGTH) -> str:
    """Return the stripped text. Raises ``Refused`` with its field if it is empty or too long."""
    stripped_text = text.strip()
    if not stripped_text or len(stripped_text) > max_length:
        message = missing if not stripped_text else _("At most %(most)s characters.") % {"most": max_length}
        raise Refused(f"supervision.{field}", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return stripped_text
