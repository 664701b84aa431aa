"""Personal data in app keys. A copy contains the keys without secrets; an erasure deletes them, because the person
named them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Deleted, Exported, Personal

from .models import AppKey

EXPORTED = (
    Exported(
        name="app_keys", title=_("App keys"), model=AppKey, whose="subscription__buyer",
        columns="subscription__order_line_number name app_key created_at verified_at revoked_at",
    ),
)  # fmt: skip

PERSONAL = Personal(deleted=(Deleted(model=AppKey, whose="subscription__buyer"),), exported=EXPORTED)
