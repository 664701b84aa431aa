"""The declarations of all contexts about personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.app_keys import personal as app_keys
from tradepost.market.applications import personal as applications
from tradepost.market.assets import personal as assets
from tradepost.market.audit import personal as audit
from tradepost.market.base.personal import Exported, Hold, Personal
from tradepost.market.billing import personal as billing
from tradepost.market.catalog import personal as catalog
from tradepost.market.compute import personal as compute
from tradepost.market.exports import personal as exports
from tradepost.market.identity import personal as identity
from tradepost.market.images import personal as images
from tradepost.market.invoices import personal as invoices
from tradepost.market.licenses import personal as licenses
from tradepost.market.metering import personal as metering
from tradepost.market.notifications import personal as notifications
from tradepost.market.orders import personal as orders
from tradepost.market.organisations import personal as organisations
from tradepost.market.payments import personal as payments
from tradepost.market.production import personal as production
from tradepost.market.service_desk import personal as service_desk
from tradepost.market.settlement import personal as settlement
from tradepost.market.subscriptions import personal as subscriptions
from tradepost.market.supervision import personal as supervision

from .models import Erasure

CONTEXTS: Mapping[str, Personal] = {
    "organisations": organisations.PERSONAL,  # first: leaves enterprises through its own functions
    "exports": exports.PERSONAL,
    "assets": assets.PERSONAL,
    "notifications": notifications.PERSONAL,
    "service_desk": service_desk.PERSONAL,
    "app_keys": app_keys.PERSONAL,
    "production": production.PERSONAL,
    "subscriptions": subscriptions.PERSONAL,
    "supervision": supervision.PERSONAL,
    "licenses": licenses.PERSONAL,
    "orders": orders.PERSONAL,
    "compute": compute.PERSONAL,
    "identity": identity.PERSONAL,
    "catalog": catalog.PERSONAL,
    "billing": billing.PERSONAL,
    "metering": metering.PERSONAL,
    "settlement": settlement.PERSONAL,
    "invoices": invoices.PERSONAL,
    "payments": payments.PERSONAL,
    "audit": audit.PERSONAL,
    "applications": applications.PERSONAL,
    "images": images.PERSONAL,
}
"""In the order of an erasure."""

KEPT_MODELS: Mapping[str, str] = {
    label: reason for context in CONTEXTS.values() for label, reason in context.kept.items()
}
"""Models that stay unchanged, with the reason. An entry that ends with a dot covers a whole context."""


def is_kept(label: str) -> bool:
    """Return whether the model with this label stays unchanged."""
    return label in KEPT_MODELS or f"{label.partition('.')[0]}." in KEPT_MODELS


def holds(user: int) -> Iterator[Hold]:
    """Yield everything that must end before the account can be erased."""
    for context in CONTEXTS.values():
        yield from context.holds(user)


FIRST_CONTEXTS = (
    "identity",
    "organisations",
    "applications",
    "orders",
    "subscriptions",
    "payments",
    "invoices",
    "billing",
)
"""The contexts with which a copy begins; the others follow."""
ERASURES = Exported(
    name="erasures", title=_("Requests to erase your account"), model=Erasure, whose="user",
    columns="asked_at due_at withdrawn_at",
)  # fmt: skip


def exported_tables() -> list[Exported]:
    """Return the tables of a copy of a person's data, in order."""
    remaining_contexts = [name for name in CONTEXTS if name not in FIRST_CONTEXTS]
    return [
        *(declaration for name in (*FIRST_CONTEXTS, *remaining_contexts) for declaration in CONTEXTS[name].exported),
        ERASURES,
    ]
