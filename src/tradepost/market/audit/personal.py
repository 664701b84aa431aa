"""Personal data in the audit log: copied for the person, never erased."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Personal

from .models import Entry

EXPORTED = (
    Exported(
        name="operator_acts", title=_("Your activity as an operator"), model=Entry, whose="actor_text",
        columns="at act object_kind outcome network", by="email", also={"actor": "pk"}, when="at",
    ),
)  # fmt: skip

PERSONAL = Personal(kept={"audit.Entry": "the audit log", "audit.Clearance": "the audit log"}, exported=EXPORTED)
