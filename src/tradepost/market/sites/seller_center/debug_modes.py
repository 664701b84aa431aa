"""The activities that each charging mode needs, as tables by protocol (saas-v2 §5.3, saas-v1-license A4, B1, B3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_safe

from tradepost.market.debugging import modes, seller_queries
from tradepost.market.debugging.modes import ModeTable
from tradepost.market.identity.menus import Menu
from tradepost.market.review.contract import TranslatedText
from tradepost.market.web.templatetags.ui import protocol_title

from .frame import SellerRequest, seller_page, show

OFFER_LABELS: Mapping[str, TranslatedText] = {
    "PERIOD": gettext_lazy("Monthly or yearly"),
    "ONE_TIME": gettext_lazy("One-time"),
    "ON_DEMAND": gettext_lazy("On demand"),
    "ON_DEMAND_PKG": gettext_lazy("Usage package"),
    "stop_package": gettext_lazy("Package that ends when used up"),
    "trial": gettext_lazy("Trial"),
    "upgrade": gettext_lazy("Upgrade"),
    "renewal_change": gettext_lazy("Change at renewal"),
    "joint": gettext_lazy("Joint operation"),
}
"""Column headings, by ``modes.OFFERS``."""


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_modes(request: SellerRequest) -> HttpResponse:
    """Show the tables, protocols of the seller's addresses first."""
    own = {address.protocol for address in seller_queries.addresses_of(request.seller)}
    tables = sorted(modes.tables(), key=lambda table: table.protocol not in own)
    return show(request, "seller_center/debug_modes.html", tables=[_table_context(table) for table in tables])


def _table_context(table: ModeTable) -> dict[str, Any]:
    language = get_language()
    named = [
        (row.item.case.activity, row.item.case.variant, row.item.case.title.in_language(language), row)
        for row in table.cases
    ]
    proofs = [("", "", row.item.title.in_language(language), row) for row in table.proofs]
    return {
        "protocol": table.protocol,
        "title": protocol_title(table.protocol),
        "offers": [OFFER_LABELS[offer] for offer in table.offers],
        "rows": [
            {
                "activity": activity,
                "variant": variant,
                "title": title,
                "marks": [(OFFER_LABELS[offer], offer in row.offers) for offer in table.offers],
            }
            for activity, variant, title, row in [*named, *proofs]
        ],
    }
