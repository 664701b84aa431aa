"""Change which personal fields an enterprise releases to an application (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from msgspec import Struct

from tradepost.market.organisations.act_log import EnterpriseAction
from tradepost.market.organisations.models import Member

from .authorise import add_history_entry, lock_bound
from .models import Authorisation, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules
from .run import settle


class Difference(Struct, frozen=True):
    """A change of released fields, by their names on the wire."""

    released: tuple[str, ...]
    withdrawn: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.released or self.withdrawn)

    def __str__(self) -> str:
        """Return the text for the history, such as ``+mobile -email``."""
        return " ".join([*(f"+{name}" for name in self.released), *(f"-{name}" for name in self.withdrawn)])


def releasable_fields(binding: TenantBinding) -> list[str]:
    """Return the fields that the seller requests, and those released earlier."""
    return [name for name in RELEASABLE if name in binding.application.asked_fields or name in binding.released_fields]


def difference(binding: TenantBinding, fields: Collection[str]) -> Difference:
    """Return the change that would release exactly these fields."""
    selected_fields, current_fields = (
        [name for name in releasable_fields(binding) if name in fields],
        binding.released_fields,
    )
    return Difference(
        tuple(name for name in selected_fields if name not in current_fields),
        tuple(name for name in RELEASABLE if name in current_fields and name not in selected_fields),
    )


def change_released(
    binding: TenantBinding, fields: Collection[str], *, rules: SyncRules, now: datetime, by: Member | None = None
) -> Difference:
    """Release exactly these fields, and send the seller each authorised member whose data changes.

    A withdrawn field is sent empty, so that the seller deletes it. Raises ``Refused`` unless the application is bound.
    """
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        changed_fields = difference(locked_binding, fields)
        if not changed_fields:
            return changed_fields
        locked_binding.released_fields = [name for name in releasable_fields(locked_binding) if name in fields]
        withdrawn = {*locked_binding.withdrawn_fields, *changed_fields.withdrawn}.difference(
            locked_binding.released_fields
        )
        locked_binding.withdrawn_fields = [name for name in RELEASABLE if name in withdrawn]
        locked_binding.save(update_fields=["released_fields", "withdrawn_fields"])
        Authorisation.objects.filter(binding=locked_binding, wanted=True).update(
            version=F("version") + 1, changed_at=now
        )
        add_history_entry(locked_binding, EnterpriseAction.FIELDS_CHANGED, str(changed_fields), by=by, now=now)
        settle(locked_binding, rules, now=now)
    return changed_fields
