"""The history of an enterprise: acts with person and time."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.paging import Page
from tradepost.market.organisations import queries
from tradepost.market.organisations.models import EnterpriseAct
from tradepost.market.web.pages import Empty, Listing, ListQuery, moment, text, time_range, with_link

from .enterprise_frame import EnterpriseRequest, enterprise_list
from .enterprise_words import HistoryEntry, history_entries


def _source(request: EnterpriseRequest, query: ListQuery, after: str, size: int) -> Page[EnterpriseAct]:
    return queries.acts_of(request.enterprise, within=query.within, after=after, size=size)


LISTING: Listing[EnterpriseAct, HistoryEntry] = Listing(
    name="storefront:enterprise_history",
    title=_("History"),
    layout="storefront/enterprise_layout.html",
    template="storefront/enterprise_list.html",
    source=_source,
    rows=lambda request, acts: history_entries(acts, request.enterprise),
    columns=(
        moment(_("Time"), "at"),
        text(pgettext_lazy("history", "Person"), "who"),
        text(_("Action"), "words"),
        with_link(text(pgettext_lazy("history", "Subject"), "about"), lambda row: row.url),
        text(pgettext_lazy("history", "Details"), lambda row: row.note if row.note != row.about else ""),
    ),
    empty=Empty(
        icon="history",
        title=_("No entries yet"),
        text=_("Changes to members, departments, groups and applications appear here."),
    ),
    no_fit=Empty(icon="search", title=_("No entries found"), text=_("Try another time.")),
    filters=(time_range(),),
)
index = enterprise_list(LISTING)
