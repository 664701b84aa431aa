"""*Debug and save*: one test call through the gateway, judged, and saved as a case when every judgement holds (saas-v2 §5.1, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller
from tradepost.market.production import calls
from tradepost.protocols.commands import Command

from .api_trials import open_event
from .asked import Form, asked, kept_values, need_key
from .models import DebugCase, DebugRun


def debug(form: Form, values: Mapping[str, str], *, by: str, now: datetime, most: int) -> DebugRun:
    """Ask the seller's server once, with testFlag 1. What comes is judged; ``saved.on_call_ended`` saves it. Raises ``Refused``,
    also while ``most`` of the seller's test calls are under way."""
    command = asked(form, values)
    with transaction.atomic():
        # Two people at once count one after the other.
        Seller.objects.select_for_update().get(pk=form.address.seller_id)
        if DebugRun.objects.filter(seller=form.address.seller_id, ended_at=None).count() >= most:
            raise Refused(
                "debug.too_many",
                _("Your earlier test calls are not answered yet. Wait for them, then try again."),
                HTTPStatus.TOO_MANY_REQUESTS,
            )
        open_event(form.address.seller_id, command, now=now)
        return begin(form, command, kept_values(form, values), by=by, now=now)


def begin(form: Form, command: Command, values: Mapping[str, str], *, by: str, now: datetime) -> DebugRun:
    """The call and the row that waits for it. Raises ``Refused`` where there is no key to sign with."""
    address = form.address
    with transaction.atomic():
        run = DebugRun.objects.create(
            seller_id=address.seller_id,
            values=dict(values),
            url=address.url,
            key_id=need_key(address).key_id,
            actor=by,
            started_at=now,
            **form.key,
        )
        run.call = calls.ask_to_try_out(address, command, owner=run.pk, now=now)
        run.save(update_fields=["call"])
    return run


def delete_case(case: DebugCase) -> None:
    """Forget a saved case. The product that needs it is refused at its next submission."""
    with transaction.atomic():
        address = type(case.address).objects.select_for_update().get(pk=case.address_id)
        case.delete()
        left = DebugCase.objects.filter(address=address, url=address.url)
        address.proven = sorted(set(left.values_list("activity", flat=True)))
        address.save(update_fields=["proven"])
