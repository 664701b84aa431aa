"""An operator certifies a customer as an enterprise or an individual (business-rules §1.1, §3.7).

Sales targets use the certified type, because the company name in the profile is not verified."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move

from .models import CustomerType, User

HISTORY = "customer_type"
MAX_NAME = 128


def certify_customer(user: User, customer_type: str, *, name: str, reason: str, actor: str, now: datetime) -> bool:
    """Certify the customer, or end the certification (``customer_type`` empty). Return whether anything changed.

    ``name``: the name on the licence or identity document. Raises ``Refused`` with the invalid field."""
    name, reason = " ".join(name.split()), reason.strip()
    if customer_type and customer_type not in CustomerType:
        raise _wrong("customer_type", _("Choose a customer type from the list."))
    if customer_type and not name:
        raise _wrong("name", _("Enter the name on the business licence or identity document."))
    if len(name) > MAX_NAME:
        raise _wrong("name", _("At most %(most)s characters.") % {"most": MAX_NAME})
    if not reason:
        raise _wrong("reason", _("Enter the evidence that you checked. The history shows it."))
    name = name if customer_type else ""
    with transaction.atomic():
        stored_values = User.objects.select_for_update().values_list("customer_type", "certified_name").get(pk=user.pk)
        if stored_values == (customer_type, name):
            return False
        User.objects.filter(pk=user.pk).update(customer_type=customer_type, certified_name=name)
        note = f"{name}: {reason}" if name else reason
        record_move(
            user, HISTORY, "certify", now=now, actor=actor, note=note, before=stored_values[0], after=customer_type
        )
    user.customer_type, user.certified_name = customer_type, name
    return True


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"customer_type.{field}", words, HTTPStatus.BAD_REQUEST, field=field)
