"""The retention rules of all contexts, in the order in which the nightly clean-up applies them."""

from __future__ import annotations

from datetime import timedelta

from tradepost.market.app_keys.keys import KEY_HISTORY
from tradepost.market.applications import retention as applications_retention
from tradepost.market.applications.lifecycle import SYNC
from tradepost.market.assets import retention as assets_retention
from tradepost.market.audit import retention as audit_retention
from tradepost.market.auth_centre import retention as auth_centre_retention
from tradepost.market.base import leased_jobs, retention
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.billing.lifecycle import ARREARS
from tradepost.market.debugging import retention as debugging_retention
from tradepost.market.exports import retention as exports_retention
from tradepost.market.fulfilment import retention as fulfilment_retention
from tradepost.market.fulfilment.lifecycle import OPERATION
from tradepost.market.identity import retention as identity_retention
from tradepost.market.identity import throttling
from tradepost.market.invoices import deadlines as invoice_patience
from tradepost.market.invoices import issue as invoice_issue
from tradepost.market.invoices import letters as invoice_letters
from tradepost.market.invoices.lifecycle import INVOICE
from tradepost.market.licenses import retention as licenses_retention
from tradepost.market.metering import retention as metering_retention
from tradepost.market.notifications import retention as notifications_retention
from tradepost.market.open_api import retention as open_api_retention
from tradepost.market.orders import retention as orders_retention
from tradepost.market.orders.lifecycle import ORDER
from tradepost.market.organisations import import_members
from tradepost.market.organisations import retention as organisations_retention
from tradepost.market.probes import retention as probes_retention
from tradepost.market.production import retention as production_retention
from tradepost.market.service_desk import retention as service_desk_retention
from tradepost.market.settlement.lifecycle import STATEMENT
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY, SUBSCRIPTION
from tradepost.market.web import retention as web_retention
from tradepost.market.web_scan import retention as web_scan_retention
from tradepost.market.work_queue import retention as work_queue_retention

RETENTION: tuple[retention.Rule | retention.Sweep, ...] = (
    *production_retention.rules(fulfilment_retention.ATTEMPTS),
    production_retention.test_calls(debugging_retention.CALLS),
    probes_retention.RUNS,
    probes_retention.SLOTS,
    production_retention.PROBES,
    production_retention.COMPARISONS,
    production_retention.ACCESS_CALLS,
    *applications_retention.RULES,
    fulfilment_retention.DRIFTS,
    retention.old_moves(
        ORDER.name,
        SUBSCRIPTION.name,
        ACCESS_HISTORY,
        KEY_HISTORY,
        OPERATION.name,
        SYNC.name,
        ARREARS.name,
        INVOICE.name,
        STATEMENT.name,
        invoice_patience.HISTORY,
        invoice_issue.REQUEST_HISTORY,
        invoice_letters.HISTORY,
    ),
    *notifications_retention.RULES,
    orders_retention.QUOTES,
    open_api_retention.STORED_ANSWERS,
    production_retention.TALLIES,
    web_retention.SESSIONS,
    exports_retention.exports(config().files),
    identity_retention.unconfirmed(),
    identity_retention.INVITATIONS,
    identity_retention.OPERATOR_INVITATIONS,
    identity_retention.MARKET_INVITATIONS,
    throttling.RULE,
    leased_jobs.RETENTION,
    *assets_retention.unused_files(Files(config().files)),
    *assets_retention.uploads(
        Files(config().files), config().uploads, keep=timedelta(days=config().assets.keep_unfinished_uploads_days)
    ),
    web_scan_retention.SCANS,
    service_desk_retention.DEMANDS,
    service_desk_retention.MAILS,
    metering_retention.REFUSED,
    metering_retention.NONCES,
    licenses_retention.USAGE,
    work_queue_retention.HANDLINGS,
    organisations_retention.INVITATIONS,
    organisations_retention.tables(
        import_members.folder(config().files), keep=timedelta(days=config().organisations.keep_import_tables_days)
    ),
    organisations_retention.IMPORTS,
    organisations_retention.dissolved_enterprises(import_members.folder(config().files)),
    audit_retention.ENTRIES,
    *auth_centre_retention.RULES,
)
"""Rules that delete or empty old rows, in the order in which the nightly clean-up applies them."""
