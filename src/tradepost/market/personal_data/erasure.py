"""Request the erasure of an account, withdraw the request, and start it after the waiting period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, leased_jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity import log_ins
from tradepost.market.identity.events import SignInChanged
from tradepost.market.identity.models import User

from . import erase
from .declared import holds
from .models import MAX_REASON, Erasure

DUE_TIMER = "personal_data.due"
WAITING_PERIOD = timedelta(days=7)
"""How long a request can be withdrawn (opening.md §5)."""
RETRY_DELAY = timedelta(days=1)
"""When an erasure that something new prevents is tried again."""


def open_request(user: User) -> Erasure | None:
    """Return the request that is not withdrawn, including one that was carried out."""
    return Erasure.objects.filter(user=user, withdrawn_at=None).first()


def request_erasure(user: User, *, now: datetime, wall: datetime) -> Erasure:
    """Request the erasure of one's own account, after the password was checked. Raises ``Refused`` while something
    prevents it."""
    return _store_request(user, by="", reason="", now=now, wall=wall)


def order_erasure(user: User, *, by: str, reason: str, now: datetime, wall: datetime) -> Erasure:
    """Request the erasure as an operator, for a person who asked in writing. ``by``: the operator's email. Raises
    ``Refused``."""
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        message = _("Enter how the person made the request, in at most %(most)s characters.") % {"most": MAX_REASON}
        raise Refused("erasure.reason", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="reason")
    return _store_request(user, by=by, reason=reason, now=now, wall=wall)


def withdraw(user: User, *, now: datetime, wall: datetime) -> None:
    """Withdraw the request. Raises ``Refused`` if there is none, or if the erasure has begun."""
    with transaction.atomic():
        locked_user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        request = Erasure.objects.filter(user=locked_user, withdrawn_at=None, begun_at=None).first()
        if request is None:
            raise Refused("erasure.none", _("There is no request that can be withdrawn."), HTTPStatus.CONFLICT)
        request.withdrawn_at = now
        request.save(update_fields=["withdrawn_at"])
        jobs.cancel(DUE_TIMER, str(request.pk))
        outbox.publish(SignInChanged(user=locked_user.pk, what="erasure_withdrawn", at=wall), now=now)


def run_due(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer task: close the account and start the job after the waiting period. Try again the next day if something
    new prevents it."""
    request = Erasure.objects.filter(pk=payload["erasure"], withdrawn_at=None, begun_at=None).first()
    if request is None:
        return None
    locked_user = User.objects.select_for_update().get(pk=request.user_id)
    if any(True for _hold in holds(locked_user.pk)):
        Erasure.objects.filter(pk=request.pk).update(due_at=now + RETRY_DELAY)
        return now + RETRY_DELAY
    User.objects.filter(pk=locked_user.pk).update(is_active=False)
    log_ins.end_all(locked_user)
    Erasure.objects.filter(pk=request.pk).update(begun_at=now)
    leased_jobs.start(erase.KIND, str(request.pk), payload={"erasure": request.pk}, now=now)
    return None


def _store_request(user: User, *, by: str, reason: str, now: datetime, wall: datetime) -> Erasure:
    with transaction.atomic():
        locked_user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if open_request(locked_user) is not None:
            raise Refused("erasure.asked", _("The account is already scheduled for erasure."), HTTPStatus.CONFLICT)
        if any(True for _hold in holds(locked_user.pk)):
            message = _("The account cannot be erased yet. Resolve the items listed on this page first.")
            raise Refused("erasure.held", message, HTTPStatus.CONFLICT)
        request = Erasure.objects.create(
            user=locked_user, by=by, reason=reason, asked_at=now, due_at=now + WAITING_PERIOD
        )
        jobs.schedule(DUE_TIMER, str(request.pk), due_at=request.due_at, payload={"erasure": request.pk})
        outbox.publish(SignInChanged(user=locked_user.pk, what="erasure", at=wall), now=now)
    return request
