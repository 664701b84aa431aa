"""Reset what a seller acknowledged for a binding, so that everything is sent again."""

from __future__ import annotations

from django.db.models import Q

from .desired import NOT_SENT, UNKNOWN
from .models import Authorisation, SyncedDepartment, TenantBinding


def reset_binding(binding: TenantBinding) -> None:
    """Reset the binding. The caller has locked ``binding``, and none of its calls is in progress.

    After a move or a restored backup, the seller may have any data that was ever sent. So current data is added again,
    and members who lost their right since are removed again.
    """
    binding.tenant_acked, binding.client_acked = _as_unknown(binding.tenant_acked), _as_unknown(binding.client_acked)
    binding.departments_told, binding.resend = False, False
    binding.save(update_fields=["tenant_acked", "client_acked", "departments_told", "resend"])
    SyncedDepartment.objects.filter(binding=binding).delete()
    sent_rows = Authorisation.objects.filter(Q(sent_version__gt=0) | ~Q(acked_digest=NOT_SENT), binding=binding)
    sent_rows.update(acked_digest=UNKNOWN, told=False, acked_version=0, batch=None)


def _as_unknown(acked: str) -> str:
    return NOT_SENT if acked == NOT_SENT else UNKNOWN
