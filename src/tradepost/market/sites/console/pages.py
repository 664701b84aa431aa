"""Pages in the navigation of the console, for the site search."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.web.suggestions import SitePage

PAGES = (
    SitePage("console:overview", _("Overview"), "activity"),
    SitePage("console:queue", _("Work queue"), "list-check"),
    SitePage("console:orders", _("Orders"), "receipt"),
    SitePage("console:services", _("Services"), "apps"),
    SitePage("console:supervisions", _("Deliveries"), "truck-delivery"),
    SitePage("console:license_codes", _("Licenses"), "license"),
    SitePage("console:enterprises", _("Enterprises"), "users"),
    SitePage("console:bindings", _("Applications of enterprises"), "plug-connected"),
    SitePage("console:refunds", _("Refunds"), "arrow-back-up"),
    SitePage("console:demands", _("Demands"), "message"),
    SitePage("console:complaints", _("Complaints"), "alert-circle"),
    SitePage("console:invoices", _("Invoices"), "file-text"),
    SitePage("console:settlements", _("Statements"), "receipt"),
    SitePage("console:operations", _("Operations"), "list-details"),
    SitePage("console:calls", _("Calls"), "webhook"),
    SitePage("console:reconcile", _("Market and sellers"), "arrows-exchange"),
    SitePage("console:approvals", _("Approvals"), "shield-check"),
    SitePage("console:transfers", _("Transfers"), "wallet"),
    SitePage("console:withdrawals", _("Withdrawals"), "arrow-back-up"),
    SitePage("console:unmatched", _("Unmatched money"), "help"),
    SitePage("console:ledger", _("Books"), "coin"),
    SitePage("console:fees", _("Fees"), "receipt"),
    SitePage("console:corrections", _("Corrections"), "edit"),
    SitePage("console:usage", _("Usage"), "chart-bar"),
    SitePage("console:servers", _("Servers"), "device-desktop"),
    SitePage("console:images", _("Idle period images"), "disc"),
    SitePage("console:reviews", _("Reviews"), "shield-check"),
    SitePage("console:sellers", _("Sellers"), "building-store"),
    SitePage("console:products", _("Products"), "package"),
    SitePage("console:categories", _("Categories"), "tag"),
    SitePage("console:synonyms", _("Search synonyms"), "search"),
    SitePage("console:probes", _("Probes"), "heartbeat"),
    SitePage("console:assets", _("Assets"), "box"),
    SitePage("console:web_checks", _("Web checks"), "world"),
    SitePage("console:agreements", _("Agreements"), "file-invoice"),
    SitePage("console:first_sale", _("Setup checklist"), "list-check"),
    SitePage("console:registration", _("Registration and invitations"), "user"),
    SitePage("console:branding", _("Branding"), "palette"),
    SitePage("console:accounts", _("Accounts"), "users"),
    SitePage("console:operators", _("Operators"), "shield-check"),
    SitePage("console:providers", _("Sign-in methods"), "login"),
    SitePage("console:deliveries", _("Messages sent"), "mail"),
    SitePage("console:engine", _("Engine"), "server"),
    SitePage("console:leased_jobs", _("Background jobs"), "refresh"),
    SitePage("console:exports", _("Exports"), "download"),
    SitePage("console:audit", _("Audit log"), "history"),
    SitePage("console:clock", _("Clock"), "clock"),
)
"""Every navigation entry (a test compares the two)."""
