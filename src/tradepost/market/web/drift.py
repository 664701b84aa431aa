"""A difference between market and seller in words: what each of them says."""

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


def described(drift: Drift) -> Sides:
    facts = drift.facts
    match drift.what:
        case Drift.What.GONE:
            return Sides(_("In use"), _("There is no such instance (000003)."))
        case Drift.What.PENDING:
            return Sides(_("In use"), _("It is still being made (000004)."))
        case Drift.What.LEFT:
            return Sides(pgettext("service", "Ended"), _("It is there, and is answered for."))
        case Drift.What.STATE:
            return Sides(_state(facts.get("wanted")), _state(facts.get("seller")))
        case Drift.What.END:
            told = _("Last told: %(end)s") if not facts.get("maybe") else _("Told without a good answer: %(end)s")
            return Sides(
                _end(facts.get("market")), format_html(told.replace("%(end)s", "{}"), _end(facts.get("seller")))
            )
        case _:
            names = [str(_FIELDS.get(str(name), name)) for name in facts.get("fields", ())]
            return Sides(
                _("Access data as the seller gave it before"), _("Other: %(what)s") % {"what": ", ".join(names)}
            )


def _state(value: object) -> str:
    return str(Subscription.SellerState(value).label) if value in Subscription.SellerState.values else "–"


def _end(value: object) -> str:
    return moment(datetime.fromisoformat(value)) if isinstance(value, str) else "–"
