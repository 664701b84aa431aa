"""Choose the frame of pages that belong to no site: account pages, refusals and missing pages.

They keep the header and navigation of the reader's current site: the site of the address, otherwise the one in a cookie
that each page of a site updates. The cookie grants nothing: only operators get the console's frame, and only members
the seller center's. For other readers, a missing page looks the same in all sites.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from .access import act_for_seller, may_enter_console
from .site_homes import CONSOLE, SELLER_CENTER, STORE, SiteFrame, home_of, page_before, site_at

COOKIE = "site"
LAYOUTS = {
    STORE: "storefront/layout.html",
    SELLER_CENTER: "seller_center/outside.html",
    CONSOLE: "console/layout.html",
}


def site_frame(request: HttpRequest) -> SiteFrame:
    """Return the frame for a page that belongs to no site."""
    site = _site_of(request)
    if not _may_see(request, site):
        site = STORE
    return SiteFrame(site, LAYOUTS[site], home_of(site) or "/", page_before(request))


def set_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Store the current site of a signed-in reader in the cookie."""
    site = request.resolver_match.namespace if request.resolver_match else ""
    user = getattr(request, "_cached_user", None)  # no query for a page that did not load the user
    if site not in LAYOUTS or response.status_code != 200 or user is None or not user.is_authenticated:
        return
    if request.COOKIES.get(COOKIE, STORE) != site:
        response.set_cookie(COOKIE, site, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")


def _site_of(request: HttpRequest) -> str:
    if site := site_at(request.path):
        return site
    if request.resolver_match and request.resolver_match.namespace == STORE:
        return STORE
    site = request.COOKIES.get(COOKIE, "")
    return site if site in LAYOUTS else STORE


def _may_see(request: HttpRequest, site: str) -> bool:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or getattr(request, "visitor", None):
        return site == STORE
    if site == CONSOLE:
        return may_enter_console(user)
    return site == STORE or hasattr(request, "seller") or act_for_seller(request)
