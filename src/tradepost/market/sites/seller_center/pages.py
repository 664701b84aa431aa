"""Pages in the navigation of the seller center, for the site search."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.web.suggestions import SitePage

PAGES = (
    SitePage("seller_center:overview", _("Overview"), "home"),
    SitePage("seller_center:products", _("My products"), "package"),
    SitePage("seller_center:assets", _("Assets"), "box"),
    SitePage("seller_center:attributes", _("Attributes"), "adjustments"),
    SitePage("seller_center:orders", _("Orders"), "receipt"),
    SitePage("seller_center:supervisions", _("Deliveries"), "truck-delivery"),
    SitePage("seller_center:refunds", _("Refunds"), "arrow-back-up"),
    SitePage("seller_center:demands", _("Customer demands"), "message"),
    SitePage("seller_center:complaints", _("Complaints"), "alert-circle"),
    SitePage("seller_center:usage", _("Usage"), "chart-bar"),
    SitePage("seller_center:license_codes", _("Licenses"), "license"),
    SitePage("seller_center:servers", _("Servers"), "device-desktop"),
    SitePage("seller_center:invoices", _("Invoices"), "file-invoice"),
    SitePage("seller_center:settlements", _("Statements"), "wallet"),
    SitePage("seller_center:operations", _("Operations"), "list-details"),
    SitePage("seller_center:road", _("Industrial software"), "route"),
    SitePage("seller_center:messages", _("Interface messages"), "arrows-exchange"),
    SitePage("seller_center:addresses", _("Production addresses"), "server"),
    SitePage("seller_center:applications", _("Applications"), "apps"),
    SitePage("seller_center:domains", _("Domains"), "world"),
    SitePage("seller_center:web_checks", _("Web checks"), "shield-check"),
    SitePage("seller_center:keys", _("Keys"), "key"),
    SitePage("seller_center:debug", _("Debugging"), "test-pipe"),
    SitePage("seller_center:cases", _("Debug cases"), "heartbeat"),
    SitePage("seller_center:license_tests", _("Test codes"), "key"),
    SitePage("seller_center:probes", _("Probes"), "activity"),
    SitePage("seller_center:try_out", _("Try out"), "player-play"),
    SitePage("seller_center:members", _("Members"), "users"),
    SitePage("seller_center:membership", _("Your membership"), "user"),
    SitePage("seller_center:company", _("Company"), "building-store"),
    SitePage("seller_center:submissions", _("Submissions"), "send"),
    SitePage("seller_center:deliveries", _("Messages sent"), "mail"),
    SitePage("seller_center:receivers", _("Receivers of notices"), "send"),
)
"""Every navigation entry of an active seller (a test compares the two)."""
