"""Forget what a seller acknowledged of one binding, so that all of it is sent again."""

from __future__ import annotations

from django.db.models import Q

from .desired import NONE, UNKNOWN
from .models import Authorisation, SyncedDepartment, TenantBinding


def forget(held: TenantBinding) -> None:
    """``held`` is locked and none of its calls is under way.

    A seller that moved or restored a backup may have any of what it was ever sent: what is to be there is added again, and people
    who lost their right since are removed again.
    """
    held.tenant_acked, held.client_acked = _unknown(held.tenant_acked), _unknown(held.client_acked)
    held.departments_told, held.resend = False, False
    held.save(update_fields=["tenant_acked", "client_acked", "departments_told", "resend"])
    SyncedDepartment.objects.filter(binding=held).delete()
    sent = Authorisation.objects.filter(Q(sent_version__gt=0) | ~Q(acked_digest=NONE), binding=held)
    sent.update(acked_digest=UNKNOWN, told=False, acked_version=0, batch=None)


def _unknown(acked: str) -> str:
    return NONE if acked == NONE else UNKNOWN
