"""Start pages of the three sites, the site of an address, and the previous page. No database."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from msgspec import Struct

STORE, SELLER_CENTER, CONSOLE = "storefront", "seller_center", "console"
HOMES = {CONSOLE: "console:overview", SELLER_CENTER: "seller_center:overview", STORE: "storefront:home"}


class SiteFrame(Struct, frozen=True):
    """The frame of a page. ``site``: its site; ``layout``: template; ``home``: start page; ``back``: address of the
    previous page."""

    site: str
    layout: str
    home: str
    back: str


def plain_frame(request: HttpRequest) -> SiteFrame:
    """Return the frame without database queries: the site of the address, and the previous page."""
    site = site_at(request.path) or STORE
    return SiteFrame(site, "", home_of(site) or "/", page_before(request))


def plain_context(request: HttpRequest) -> dict[str, object]:
    """Return the context of a page that queries no database: its frame, and the variables of its language switch."""
    frame = plain_frame(request)
    page_url = request.get_full_path() if request.method in {"GET", "HEAD"} else frame.back or frame.home
    return {"site_frame": frame, "this_page": page_url, "csrf_token": get_token(request)}


def page_before(request: HttpRequest) -> str:
    """Return the address of the previous page, if it belongs to the market and is not this page."""
    referer = request.headers.get("Referer", "")
    try:
        is_local = url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()})
        return referer if is_local and referer != request.build_absolute_uri() else ""
    except DisallowedHost:  # error pages are also shown for a disallowed host
        return ""


def site_at(path: str) -> str:
    """Return the site whose start page is a prefix of the path; "" if none is."""
    return next((site for site in (CONSOLE, SELLER_CENTER) if (home := home_of(site)) and path.startswith(home)), "")


def home_of(site: str) -> str:
    try:
        return reverse(HOMES[site])
    except NoReverseMatch:
        return ""
