"""Earlier names of reactions, so that a failed event continues with the reactions that it still needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradepost.market.base.events import Reaction, name_of

from . import (
    applications,
    assets,
    billing,
    catalog,
    debugging,
    fulfilment,
    licenses,
    metering,
    orders,
    organisations,
    payments,
    production,
    subscriptions,
)

_MARKET = "tradepost.market."
_REACTIONS: Mapping[str, Reaction[Any]] = {
    "wiring.submission_replayed": debugging.submission_replayed,
    "wiring.asset_checked": assets.asset_checked,
    "wiring.debt_changed": billing.debt_changed,
    "wiring.quota_deducted": metering.quota_deducted,
    "wiring.order_waits": payments.extend_order,
    "web.watching.judge_probes": production.judge_probes,
    "web.watching.count_failed_order": orders.count_failed_order,
    "web.watching.probes_begin_anew": catalog.restart_probes,
    "web.watching.probes_end": catalog.stop_probes,
    "web.joint.sync_calls_ended": production.sync_calls_ended,
    "web.joint.enterprise_changed": organisations.enterprise_changed,
    "web.joint.departments_changed": organisations.departments_changed,
    "web.joint.members_changed": organisations.members_changed,
    "web.joint.enterprise_dissolved": organisations.enterprise_dissolved,
    "web.joint.retry_requested": applications.retry_requested,
    "web.joint.resend_requested": applications.resend_requested,
    "web.joint.service_released": subscriptions.service_released,
    "web.supervised.begin_supervision": fulfilment.begin_supervision,
    "web.supervised.go_on_with_code": licenses.continue_after_activation,
    "web.supervised.go_on_with_license": licenses.continue_after_license,
}
"""Name in 0.1.0 → reaction."""
_NOTICES = {
    "notifications.complaint_reactions": "notifications.subjects.complaints",
    "notifications.invoice_reactions": "notifications.subjects.invoices",
    "notifications.refund_reactions": "notifications.subjects.refunds",
    "notifications.settlement_reactions": "notifications.subjects.statements",
    "notifications.supervision_reactions": "notifications.subjects.supervision",
    "notifications.product_reactions": "notifications.subjects.products",
    "notifications.seller_reactions": "notifications.subjects.companies",
    "notifications.demand_reactions": "notifications.subjects.demands",
    "notifications.transfer_reactions": "notifications.subjects.transfers",
}
"""Module in 0.1.0 → module, of reactions that kept their names."""
_FUNCTIONS = {
    "notifications.probe_reactions.on_slot_ended": "notifications.subjects.products.on_probe_slot_ended",
    "notifications.probe_reactions.on_day_failed": "notifications.subjects.products.on_probe_day_failed",
    "notifications.probe_reactions.on_failed_orders_exceeded": (
        "notifications.subjects.products.on_failed_orders_exceeded"
    ),
}


def renamed(reactions: Iterable[Reaction[Any]]) -> Mapping[str, str]:
    """Return earlier name → name of these reactions, as stored with a failed event."""
    earlier_modules = {f"{_MARKET}{module}": f"{_MARKET}{earlier}" for earlier, module in _NOTICES.items()}
    moved_names = {
        f"{earlier_modules[reaction.__module__]}.{reaction.__qualname__}": name_of(reaction)
        for reaction in reactions
        if reaction.__module__ in earlier_modules
    }
    renamed_names = {f"{_MARKET}{earlier}": f"{_MARKET}{name}" for earlier, name in _FUNCTIONS.items()}
    return (
        moved_names
        | renamed_names
        | {f"{_MARKET}{earlier}": name_of(reaction) for earlier, reaction in _REACTIONS.items()}
    )
