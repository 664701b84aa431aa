"""The buyer of a supervised delivery wants it cancelled and all paid back: asked for, withdrawn, agreed to, declined
(business-rules §2.10, §4.7). Before the acceptance the whole price is held, so that nothing less is asked for."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Refundable

from . import step
from .act import locked_service, must_run
from .clocks import Clocks
from .events import CancelAsked, CancelDeclined
from .models import CancelRequest, Supervision
from .timers import watch

LONGEST = 1000


def ask(pk: int, reason: str, *, now: datetime) -> CancelRequest:
    """Ask the seller. Raises ``Refused``, and nothing was changed then."""
    said = words(reason, "reason", _("Say in a few words why: the seller decides by it."))
    with transaction.atomic():
        locked_service(pk)
        supervision = step.locked(pk)
        must_run(supervision)
        if step.node_of(supervision).refundable is Refundable.NOTHING:
            raise Refused("supervision.no_refund", _("At this point nothing can be paid back any more."))
        if step.open_request(supervision) is not None:
            raise Refused("supervision.cancelling", _("The seller is asked already."))
        request = CancelRequest.objects.create(supervision=supervision, reason=said, asked_at=now)
        outbox.publish(CancelAsked(request=request.pk), now=now)
    return request


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
    """The seller agrees; or gives it up without being asked. All that was paid goes back."""
    with transaction.atomic():
        held = locked_service(pk)
        supervision = step.locked(pk)
        must_run(supervision)
        request = step.open_request(supervision)
        if request is None:
            said = words(answer, "answer", _("Say why: the buyer reads it."))
        else:
            said = answer.strip()[:LONGEST]
            _answered(request, CancelRequest.Status.AGREED, said, now)
        step.pay_back(supervision, held, reason=said or request_reason(request), by=by.email, now=now)
        watch(supervision, clocks=clocks, now=now)


def request_reason(request: CancelRequest | None) -> str:
    return request.reason[:500] if request is not None else ""


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
