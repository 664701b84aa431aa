"""Dissolve an enterprise. A second administrator must agree, if there is one, and the request can be undone for seven
days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused

from . import account_names
from .act_log import EnterpriseAction, actor_of, record
from .administrators import admins_who_can_sign_in
from .enterprise import end
from .events import EnterpriseDissolving
from .locking import lock
from .models import Enterprise, Member

DUE_TIMER = "organisations.dissolve"
WAITING_PERIOD = timedelta(days=7)
"""How long the dissolution can be undone after agreement."""


def request_dissolution(enterprise: Enterprise, *, by: Member, typed: str, now: datetime) -> None:
    """Request the dissolution, after the password was checked. Without a second administrator, the seven days begin
    immediately.

    ``typed``: the enterprise's code, as a confirmation. Until the end, everything works as before. Raises
    ``Refused``."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if typed.strip().lower() != locked_enterprise.code:
            message = _("Type the code of the enterprise, %(code)s, to dissolve it.") % {"code": locked_enterprise.code}
            raise account_names.invalid_name("typed", message)
        if locked_enterprise.dissolve_asked_at is not None:
            message = _("An administrator has already requested to dissolve this enterprise.")
            raise Refused("enterprise.dissolving", message, HTTPStatus.CONFLICT)
        locked_enterprise.dissolve_asked_at, locked_enterprise.dissolve_asked_by = now, by.pk
        if not second_admins(locked_enterprise).exists():
            _schedule(locked_enterprise, now)
        locked_enterprise.save(update_fields=["dissolve_asked_at", "dissolve_asked_by", "dissolve_at"])
        record(locked_enterprise, EnterpriseAction.DISSOLVING, actor_of(by), now=now)
        _publish(locked_enterprise, "asked", now)


def agree_to_dissolution(enterprise: Enterprise, *, by: Member, now: datetime) -> None:
    """Agree as the second administrator. Raises ``Refused`` for the requester, and without a request."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if locked_enterprise.dissolve_asked_at is None or locked_enterprise.dissolve_at is not None:
            message = _("No dissolution request is waiting for an administrator.")
            raise Refused("enterprise.not_dissolving", message, HTTPStatus.CONFLICT)
        if locked_enterprise.dissolve_asked_by == by.pk:
            message = _("A second administrator must agree. You made the request.")
            raise Refused("enterprise.own_request", message, HTTPStatus.FORBIDDEN)
        _schedule(locked_enterprise, now)
        locked_enterprise.save(update_fields=["dissolve_at"])
        record(locked_enterprise, EnterpriseAction.DISSOLVING_AGREED, actor_of(by), now=now)
        _publish(locked_enterprise, "agreed", now)


def cancel_dissolution(enterprise: Enterprise, *, by: Member, now: datetime) -> None:
    """Withdraw or reject the request, as any administrator may until the end. Raises ``Refused`` without a
    request."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if locked_enterprise.dissolve_asked_at is None:
            message = _("No request to dissolve this enterprise is open.")
            raise Refused("enterprise.not_dissolving", message, HTTPStatus.CONFLICT)
        locked_enterprise.dissolve_asked_at = locked_enterprise.dissolve_asked_by = locked_enterprise.dissolve_at = None
        locked_enterprise.save(update_fields=["dissolve_asked_at", "dissolve_asked_by", "dissolve_at"])
        jobs.cancel(DUE_TIMER, str(locked_enterprise.pk))
        record(locked_enterprise, EnterpriseAction.DISSOLVING_UNDONE, actor_of(by), now=now)
        _publish(locked_enterprise, "kept", now)


def run_due(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer task: dissolve the enterprise after the waiting period."""
    enterprise = Enterprise.objects.select_for_update(of=("self",)).get(pk=payload["enterprise"])
    if enterprise.status != Enterprise.Status.ACTIVE or enterprise.dissolve_at is None:
        return None
    if enterprise.dissolve_at > now:
        return enterprise.dissolve_at
    end(enterprise, now=now)
    return None


def second_admins(enterprise: Enterprise) -> Any:
    """Return the administrators who can sign in and agree to the request."""
    return admins_who_can_sign_in(enterprise.pk).exclude(pk=enterprise.dissolve_asked_by or 0)


def _schedule(enterprise: Enterprise, now: datetime) -> None:
    enterprise.dissolve_at = now + WAITING_PERIOD
    jobs.schedule(DUE_TIMER, str(enterprise.pk), due_at=enterprise.dissolve_at, payload={"enterprise": enterprise.pk})


def _publish(enterprise: Enterprise, step: str, now: datetime) -> None:
    outbox.publish(EnterpriseDissolving(enterprise=enterprise.pk, step=step, at=now), now=now)
