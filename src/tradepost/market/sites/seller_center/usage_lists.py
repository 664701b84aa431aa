"""Usage pushes of the seller's servers, and usage packages of buyers (openapi-jointkit §C.5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from tradepost.market.base.paging import Page
from tradepost.market.identity.menus import Menu
from tradepost.market.metering.models import Push
from tradepost.market.metering.package_queries import PackageBalance, packages_of_seller
from tradepost.market.metering.seller_queries import pushes_of_seller
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    choice,
    fragment,
    moment,
    number,
    page_link,
    text,
    time_range,
)

from .frame import SellerRequest, seller_list


def _pushes(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Push]:
    return pushes_of_seller(
        request.seller, refused_only=query["state"] == "refused", within=query.within, after=after, size=size
    )


PUSHES: Listing[Push, Push] = Listing(
    name="seller_center:usage_pushes",
    title=_("Usage pushes"),
    layout="seller_center/layout.html",
    template="seller_center/usage_list_tabs.html",
    source=_pushes,
    columns=(
        moment(_("Received"), "received_at", labelled=False),
        text(_("API"), "get_api_display"),
        number(_("Records"), "received"),
        fragment(
            pgettext_lazy("usage records", "Accepted"),
            "accepted",
            "seller_center/parts/push_accepted.html",
            numeric=True,
            css="tp-num",
        ),
        number(_("Repeated"), "repeated"),
        fragment(_("Refused"), "refused", "seller_center/parts/push_refused.html", numeric=True, css="tp-num"),
    ),
    filters=(choice("state", _("State"), [("refused", _("With refused records"))]), time_range()),
    empty=Empty(
        icon="upload", title=_("No pushes yet"), text=_("Each call of your server to …/isv/usage-data appears here.")
    ),
    no_fit=Empty(
        icon="search",
        title=_("No pushes found"),
        text=_("Try another state or time."),
        action=_("Show all pushes"),
        page="seller_center:usage_pushes",
    ),
    file="usage-pushes",
)
pushes = seller_list(PUSHES, menu=Menu.TRADE)


def _packages(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[PackageBalance]:
    del query
    return packages_of_seller(request.seller, now=request.now, after=after, size=size)


def _state_label(standing: PackageBalance) -> str:
    if standing.over:
        return pgettext("package of usage", "Over")
    return pgettext("package of usage", "Used up") if standing.used_up else pgettext("package of usage", "In use")


def _service(standing: PackageBalance) -> str:
    """Return the pay-per-use service that the package belongs to; "" for a package of uses, which is its own service."""
    own = standing.package.service_id == standing.package.subscription_id
    return "" if own or standing.package.service is None else standing.package.service.instance_id


PACKAGES: Listing[PackageBalance, PackageBalance] = Listing(
    name="seller_center:usage_packages",
    title=_("Usage packages"),
    layout="seller_center/layout.html",
    template="seller_center/usage_list_tabs.html",
    source=_packages,
    columns=(
        page_link(
            _("Product"),
            "package.subscription.product:name",
            "seller_center:order",
            "package.subscription.order_line_number",
            under="package.subscription.instance_id",
        ),
        number(_("Remaining"), "left", unit="package.subscription.offer:usage_unit"),
        text(_("Unit"), "package.subscription.offer:usage_unit", on_page=False),
        number(_("Total"), "amount"),
        moment(_("Valid until"), "package.ends_at"),
        text(_("Pay-per-use service"), _service, css="tp-id"),
        fragment(_("State"), _state_label, "seller_center/parts/package_state.html"),
    ),
    empty=Empty(
        icon="package",
        title=_("No packages yet"),
        text=_("Usage packages that buyers hold appear here with what remains of each."),
    ),
    file="usage-packages",
)
packages = seller_list(PACKAGES, menu=Menu.TRADE)
