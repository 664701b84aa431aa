"""Servers that run the seller's images, with charged hours and hours prepaid by period images (business-rules §5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.paging import Page
from tradepost.market.identity.menus import Menu
from tradepost.market.images.seller_queries import RunningServer, running_servers
from tradepost.market.metering.meters import start_of
from tradepost.market.web.pages import Empty, Listing, ListQuery, number, page_link, state, text
from tradepost.market.web.usage_chart import market_zone

from .frame import SellerRequest, seller_list


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[RunningServer]:
    del query
    month = start_of(request.now, "month", market_zone())
    return running_servers(request.seller, since=month, after=after, size=size)


LISTING: Listing[RunningServer, RunningServer] = Listing(
    name="seller_center:servers",
    title=_("Servers with your images"),
    intro=_("The market counts the hours of each healthy server. Hours paid by a period image are not charged again."),
    layout="seller_center/layout.html",
    source=_source,
    columns=(
        text(_("Image"), "server.service.product:name", labelled=False),
        page_link(
            _("Order line"),
            "server.service.order_line_number",
            "seller_center:order",
            "server.service.order_line_number",
            labelled=True,
            css="tp-id",
        ),
        text(_("Customer"), "customer"),
        state(
            _("State"), "server", "server.status", under=lambda one: _("paid by a period image") if one.by_image else ""
        ),
        number(_("Hours charged this month"), "charged"),
        number(_("Hours prepaid this month"), "covered"),
    ),
    empty=Empty(
        icon="device-desktop",
        title=_("No servers"),
        text=_("Servers that buyers start with your images appear here with their hours."),
    ),
    file="servers",
)
index = seller_list(LISTING, menu=Menu.TRADE)
