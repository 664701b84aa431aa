"""A market with any number of orders, filled by SQL statements: for query plans and timings, not for rules.

PostgreSQL only. Everything is derived from a table of stories, one per order, numbered by age: who bought what, and its
progress. The value of a column is an SQL expression over ``o`` (a story). A column that is not named gets the model's
default, so a new column usually needs no change here. The newest 800 orders are under way, each hundred in its own
state, whatever the size; all others are history.

Seller 1 has a tenth of all orders and buyer 1 a hundredth, so the largest seller and buyer grow with the market. The
number of sellers is constant; the number of buyers grows.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from tests.factories.approvals import make_withdrawal
from tests.factories.assets import begin_upload, make_asset, make_version
from tests.factories.companies import handed_in
from tests.factories.pictures import make_picture, make_proof
from tests.factories.transfers import came
from tradepost.market.app_keys.models import AppKey
from tradepost.market.applications.models import Application, Authorisation, Sync, SyncedDepartment, TenantBinding
from tradepost.market.assets.asset_models import FileScan
from tradepost.market.audit.models import Entry as Act
from tradepost.market.base.models import Event, Job, LeasedJob, Move
from tradepost.market.billing.models import Accumulation, Charge, ProductHour
from tradepost.market.catalog.models import (
    AttributeTemplate,
    Category,
    Factor,
    Offer,
    Product,
    Sku,
    Spec,
    UpgradeRule,
    Version,
)
from tradepost.market.compute.models import Server, Span, Task
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.exports.models import Export
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import (
    AccessKey,
    Domain,
    Group,
    Invitation,
    Member,
    Seller,
    SigningKey,
    StagedKey,
    User,
)
from tradepost.market.images.models import ImageBinding, ImageTime, PeriodImage
from tradepost.market.invoices.models import ExplanationLetter, Invoice, InvoiceItem, InvoiceTitle, IssuedInvoice
from tradepost.market.licenses.models import LicenseCode, LicenseRequest, SoftwareUsage
from tradepost.market.metering.models import (
    Collection,
    Deduction,
    Package,
    Push,
    Quota,
    Record,
    RefusedRecord,
    UsageCell,
)
from tradepost.market.notifications.models import Endpoint, Notice, NoticeDelivery, Receiver
from tradepost.market.orders.models import AutoRenewal, Order, OrderLine
from tradepost.market.orders.refund_models import Refund, RefundLine
from tradepost.market.organisations import models as organisations
from tradepost.market.payments import kept_sums, unmatched
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.probes.models import ProbeDay, ProbeRun, ProbeSlot, WorkItem
from tradepost.market.production.models import Address, Attempt, Binding, Call
from tradepost.market.service_desk.models import Complaint, CustomerDemand, Demand
from tradepost.market.settlement.models import PaidMonth, SettlementItem, Statement, StatementLine
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.supervision.models import Appeal, CancelRequest, Milestone, Supervision, Visit
from tradepost.market.web_scan.models import WebFinding, WebScan, WebTask

from .acting import acting, exports
from .calls import calls
from .debugged import debugged
from .decided import DECIDED, OF_THE_OWNER, decided
from .enterprises import enterprises
from .imaged import imaged
from .insert import indexes_created_afterwards, number_from_the_start, run, without_foreign_key_checks
from .invoiced import invoices
from .joined import joined
from .licensed import licenses
from .metered import metered
from .operations import operations
from .orders import orders, subscriptions
from .probed import probed
from .refunds import refunds
from .rest import announced, money, notices, work
from .service_desk import demands_and_complaints, rows_of_the_first
from .settled import invoiced_fee, settled
from .shop import AK, SK, acting_for_the_first, people_and_products
from .signed_in import LOGGED_IN, SIGNED_IN, signed_in
from .stories import STORIES, UNDER_WAY, Size, stories
from .supervised import supervised
from .web_checked import web_checked

__all__ = ["AK", "GROWING", "SK", "STORIES", "UNDER_WAY", "Size", "analyze", "fill", "reset_after_rollback"]
SMALL_TABLE_BYTES = 2**20
"""Maximum size of a table that does not grow."""
GROWING = (
    Order, OrderLine, AutoRenewal, Subscription, Period, Freeze, Operation, Call, Attempt, Notice, NoticeDelivery, Transfer, Entry, Move, Event, Job,
    ProbeRun, ProbeDay, ProbeSlot,
    WebScan, WebFinding, Refund, RefundLine, Intent, ProviderFact, Act, InvoiceTitle, Invoice, InvoiceItem, IssuedInvoice, ExplanationLetter,
    Demand, CustomerDemand, Complaint, Supervision, Visit, Appeal, CancelRequest, Milestone,
    Push, Record, RefusedRecord, Charge, ProductHour, Package, Quota, UsageCell, Deduction,
    SettlementItem, StatementLine, Statement, PaidMonth,
    AppKey, LicenseCode, LicenseRequest, SoftwareUsage,
    Server, Task, Span, ImageTime, PeriodImage, ImageBinding,
    organisations.Department, organisations.Member, organisations.EnterpriseAct, organisations.GroupMember, organisations.Invitation,
    organisations.ImportRun, organisations.AdminVisit, organisations.OwnAddress, organisations.PasswordFile, FileScan,
    *SIGNED_IN, *LOGGED_IN, Export, *DECIDED,
)  # fmt: skip
"""Models whose rows increase with every order, or with time."""


def fill(size: Size, *, now: datetime) -> None:
    """Fill an empty market with some 30 statements, whatever the size."""
    if size.orders < 5000:
        raise ValueError("below 5,000 orders the stories of what is under way have no past to stand on")
    with transaction.atomic(), without_foreign_key_checks(), indexes_created_afterwards(GROWING):
        number_from_the_start()
        people_and_products(size, now)
        acting_for_the_first(size, now)
        stories(size, now)
        orders()
        subscriptions(now)
        calls(size, now)
        operations(size, now)
        refunds()
        metered(size, now)
        imaged(now)
        licenses()
        invoices()
        supervised()
        demands_and_complaints()
        notices(size)
        decided(size, now)
        money(size, now)
        announced(size, now)
        settled(size, now)
        work(size, now)
        debugged(size, now)
        probed(size, now)
        web_checked(size, now)
        acting(size, now)
        exports(size, now)
        enterprises(size, now)
        signed_in(size, now)
        joined(size, now)
        restart_sequences()
    kept_sums.advance_sums()
    _submitted(Seller.objects.get(pk=1), now)
    invoiced_fee(size, now)
    unmatched.record(came("NOBODYS"), by=User.objects.get(pk=size.operator), now=now)
    make_withdrawal(User.objects.get(pk=1), now=now)
    _differs(now)


def _differs(now: datetime) -> None:
    """Add a service of the largest seller whose end may differ in the seller's records."""
    held = Subscription.objects.filter(seller=1, status="active").order_by("-pk").first()
    if held is not None:
        Drift.objects.create(
            pk=1, subscription=held, seller_id=1, what="access", repair="take_access", found_at=now, seen_at=now
        )


def _submitted(seller: Seller, now: datetime) -> None:
    """Add what the largest seller submitted for review: submissions, a picture, a document."""
    make_first(Agreement.objects)
    handed_in(seller, now=now)
    sku = Sku.objects.get(pk=1)
    UpgradeRule.objects.create(
        pk=1, source=sku, target=Sku.objects.get(pk=3), created_at=now, lapsed_at=now, why="price"
    )
    make_picture(seller)
    asset = make_asset(seller)
    make_version(asset)
    begin_upload(asset, 10)
    make_proof(seller)
    rows_of_the_first(now)


def analyze(*, vacuum: bool) -> None:
    """Update the planner's statistics. ``vacuum`` also marks pages as visible to all; not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


def reset_after_rollback() -> None:
    """Release the pages of a market that was filled in a transaction and rolled back, and reset the statistics.
    Otherwise every later scan of these tables would read the dead rows. Not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_stat_user_tables WHERE pg_relation_size(relid) > %s",
            [SMALL_TABLE_BYTES],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"VACUUM FULL {table}")


def restart_sequences() -> None:
    """Make new keys of the market follow the keys that were inserted here."""
    for model in (
        *(model for model in GROWING if model._meta.auto_field is not None),
        Drift,
        # one enterprise has all of these rows, so an index on the enterprise does not narrow them down
        Application,
        TenantBinding,
        Authorisation,
        Sync,
        SyncedDepartment,
        WorkItem,
        User,
        Seller,
        Member,
        Domain,
        AttributeTemplate,
        Group,
        Invitation,
        StagedKey,
        SigningKey,
        AccessKey,
        Address,
        Category,
        Product,
        Binding,
        Spec,
        Sku,
        Offer,
        Version,
        Factor,
        Account,
        DebugCase,
        DebugRun,
        WebTask,
        ProbeSlot,
        Receiver,
        Endpoint,
        LeasedJob,
        *OF_THE_OWNER,
        Collection,
        Accumulation,
        organisations.Enterprise,
        organisations.Group,
    ):
        table = model._meta.db_table
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")
