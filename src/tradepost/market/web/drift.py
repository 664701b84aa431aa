"""Describe a difference between the market and a seller, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from msgspec import Struct

from tradepost.market.fulfilment.models import Drift
from tradepost.market.subscriptions.models import Subscription

from .templatetags.ui import moment

_FIELDS: Mapping[str, str | Promise] = {
    "front_end_url": gettext_lazy("address of the service"),
    "admin_url": gettext_lazy("address of the administration"),
    "user_name": gettext_lazy("user name"),
    "password": gettext_lazy("password"),
    "memo": gettext_lazy("notes"),
}


class Sides(Struct, frozen=True):
    market: str
    seller: str


def describe(drift: Drift) -> Sides:
    facts = drift.facts
    match drift.what:
        case Drift.What.GONE:
            return Sides(_("In use"), _("The instance does not exist (000003)."))
        case Drift.What.PENDING:
            return Sides(_("In use"), _("Still being created (000004)."))
        case Drift.What.LEFT:
            return Sides(pgettext("service", "Ended"), _("The instance exists and can be queried."))
        case Drift.What.STATE:
            return Sides(_state(facts.get("wanted")), _state(facts.get("seller")))
        case Drift.What.END:
            template = (
                _("Last sent: %(end)s") if not facts.get("maybe") else _("Sent without a valid response: %(end)s")
            )
            return Sides(
                _format_end(facts.get("market")),
                format_html(template.replace("%(end)s", "{}"), _format_end(facts.get("seller"))),
            )
        case _:
            names = [str(_FIELDS.get(str(name), name)) for name in facts.get("fields", ())]
            return Sides(
                _("Access data provided earlier by the seller"), _("Other: %(what)s") % {"what": ", ".join(names)}
            )


def _state(value: object) -> str:
    return str(Subscription.SellerState(value).label) if value in Subscription.SellerState.values else "–"


def _format_end(value: object) -> str:
    return moment(datetime.fromisoformat(value)) if isinstance(value, str) else "–"
