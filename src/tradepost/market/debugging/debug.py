"""*Debug and save*: make one test call, check the response, and save it as a case if all checks pass (saas-v2 §5.1,
6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.quotas import RETRY_DELAY
from tradepost.market.identity.models import Seller
from tradepost.market.production import calls
from tradepost.protocols.commands import Command

from .api_trials import open_event
from .asked import Form, build_command, require_key, storable_values
from .models import DebugCase, DebugRun


def debug(form: Form, values: Mapping[str, str], *, by: str, now: datetime, most: int) -> DebugRun:
    """Call the seller's server once, with testFlag 1. ``saved.on_call_ended`` checks and saves the result.

    Raises ``Refused``, also while ``most`` of the seller's test calls are in progress.
    """
    command = build_command(form, values)
    with transaction.atomic():
        # Serialise simultaneous requests.
        Seller.objects.select_for_update().get(pk=form.address.seller_id)
        if DebugRun.objects.filter(seller=form.address.seller_id, ended_at=None).count() >= most:
            raise Refused(
                "debug.too_many",
                _("Your earlier test calls have no response yet. Wait for them, then try again."),
                HTTPStatus.TOO_MANY_REQUESTS,
                wait=RETRY_DELAY,
            )
        open_event(form.address.seller_id, command, now=now)
        return begin(form, command, storable_values(form, values), by=by, now=now)


def begin(form: Form, command: Command, values: Mapping[str, str], *, by: str, now: datetime) -> DebugRun:
    """Create the call and its run. Raises ``Refused`` if there is no signing key."""
    address = form.address
    with transaction.atomic():
        run = DebugRun.objects.create(
            seller_id=address.seller_id,
            values=dict(values),
            url=address.url,
            key_id=require_key(address).key_id,
            actor=by,
            started_at=now,
            **form.key,
        )
        run.call = calls.create_test_call(address, command, owner=run.pk, now=now)
        run.save(update_fields=["call"])
    return run


def delete_case(case: DebugCase) -> None:
    """Delete a saved case. Products that need it are refused at their next submission."""
    with transaction.atomic():
        address = type(case.address).objects.select_for_update().get(pk=case.address_id)
        case.delete()
        remaining = DebugCase.objects.filter(address=address, url=address.url)
        address.proven = sorted(set(remaining.values_list("activity", flat=True)))
        address.save(update_fields=["proven"])
