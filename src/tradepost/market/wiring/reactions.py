"""The table of all reactions, put together from a module per publishing context."""

from __future__ import annotations

from tradepost.market.base.events import Reactions

from . import (
    applications,
    approvals,
    assets,
    billing,
    catalog,
    compute,
    debugging,
    fulfilment,
    identity,
    images,
    invoices,
    licenses,
    metering,
    orders,
    organisations,
    payments,
    probes,
    production,
    review,
    service_desk,
    settlement,
    subscriptions,
    supervision,
    web_scan,
)
from .renamed import renamed

PUBLISHERS = (
    applications,
    approvals,
    assets,
    billing,
    catalog,
    compute,
    debugging,
    fulfilment,
    identity,
    images,
    invoices,
    licenses,
    metering,
    orders,
    organisations,
    payments,
    probes,
    production,
    review,
    service_desk,
    settlement,
    subscriptions,
    supervision,
    web_scan,
)
_ENTRIES = [entry for module in PUBLISHERS for entry in module.REACTIONS]
RENAMED = renamed(reaction for entry in _ENTRIES for reaction in entry.reactions)
REACTIONS = Reactions(_ENTRIES, renamed=RENAMED)
