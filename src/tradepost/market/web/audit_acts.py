"""The acts of operators: each address of the console that changes something, in words, with what it is about.

An address that is not here is recorded all the same, by its name; a test asks for its row.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.applications.models import TenantBinding
from tradepost.market.audit.record import NOTHING, Subject
from tradepost.market.base.models import LeasedJob
from tradepost.market.catalog.models import Category, Product
from tradepost.market.compute.models import OrphanServer, Server, Task
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.identity.models import Seller, User
from tradepost.market.images.models import PeriodImage
from tradepost.market.invoices.models import Invoice
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.organisations.models import Enterprise
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.probes.models import WorkItem
from tradepost.market.review.models import Submission
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision

type Words = str | Promise


class Kind(Struct, frozen=True, kw_only=True):
    """Of things acted on. ``key``: the part of the address that names one, the column that it is found by, and those that
    say what it is called and whose; ``page``: the name of its page."""

    words: Words
    model: type[Model] | None = None
    key: str = "pk"
    by: str = "pk"
    text: str = "pk"
    seller: str = ""
    page: str = ""

    def subject(self, name: str, kwargs: Mapping[str, object]) -> Subject:
        """As it is called now; without words where there is none. One query."""
        given = kwargs.get(self.key)
        if given is None:
            return NOTHING
        found = self._found(given) if self.model is not None else None
        text, seller = found or ("", None)
        return Subject(kind=name, id=str(given), text=text, seller=seller)

    def _found(self, given: object) -> tuple[str, int | None] | None:
        columns = (self.text, self.seller) if self.seller else (self.text,)
        row = self.model._default_manager.filter(**{self.by: given}).values_list(*columns).first()  # type: ignore[union-attr]  # noqa: SLF001
        return (str(row[0]), row[1] if self.seller else None) if row else None


KINDS: Mapping[str, Kind] = {
    "order": Kind(words=_("Order"), model=Order, key="number", by="number", text="number", page="order"),
    "refund": Kind(
        words=_("Refund"), model=Refund, text="subscription__product__name", seller="seller_id", page="refund"
    ),
    "supervision": Kind(
        words=_("Supervised delivery"),
        model=Supervision,
        text="line__product_name",
        seller="seller_id",
        page="supervision",
    ),
    "demand": Kind(words=_("Demand"), model=Demand, text="pk", page="demand"),
    "complaint": Kind(words=_("Complaint"), model=Complaint, text="seller__name", seller="seller_id", page="complaint"),
    "statement": Kind(words=_("Statement"), model=Statement, text="number", seller="seller_id", page="settlement"),
    "invoice": Kind(words=_("Invoice"), model=Invoice, text="number", seller="payer_id", page="invoice"),
    "transfer": Kind(words=_("Transfer"), model=Intent, text="number", page="transfer"),
    "money": Kind(words=_("Money without a number"), model=ProviderFact, text="provider_no", page="unmatched_one"),
    "operation": Kind(words=_("Operation"), model=Operation, text="kind", seller="seller_id", page="operation"),
    "service": Kind(words=_("Service"), model=Subscription, text="product__name", seller="seller_id", page="service"),
    "server": Kind(words=_("Server"), model=Server, text="name", page="server"),
    "server task": Kind(words=_("Server"), model=Task, text="server__name"),
    "orphan server": Kind(words=_("Server without an order"), model=OrphanServer, text="provider_id"),
    "period image": Kind(
        words=_("Period image"),
        model=PeriodImage,
        by="service__pk",  # not pk: of that Django bounds no number from outside
        text="service__product__name",
        seller="service__seller_id",
        page="image",
    ),
    "drift": Kind(words=_("Difference"), model=Drift, text="subscription__product__name", seller="seller_id"),
    "job": Kind(words=_("Background job"), model=LeasedJob, text="kind", seller="seller_id"),
    "product": Kind(words=_("Product"), model=Product, text="name", seller="seller_id", page="product"),
    "category": Kind(words=_("Category"), model=Category, text="name", page="category"),
    "seller": Kind(words=_("Seller"), model=Seller, text="name", seller="pk", page="seller"),
    "submission": Kind(words=_("Submission"), model=Submission, text="kind", seller="seller_id", page="review"),
    "probe item": Kind(
        words=_("Product to decide on"), model=WorkItem, text="product__name", seller="product__seller_id"
    ),
    "binding": Kind(
        words=_("Application of an enterprise"),
        model=TenantBinding,
        text="enterprise__name",
        seller="application__seller_id",
        page="binding",
    ),
    "enterprise": Kind(words=_("Enterprise"), model=Enterprise, text="name", page="enterprise"),
    "agreement": Kind(words=_("Agreement"), key="kind", page="agreement"),
    "account": Kind(words=_("Account"), model=User, text="email", page="account"),
    "delivery": Kind(
        words=pgettext_lazy("audit", "Message"), model=NoticeDelivery, text="notice__kind", page="delivery"
    ),
    "entry": Kind(words=_("Entry of the work queue")),
}


class Named(Struct, frozen=True):
    words: Words
    kind: str = ""


ACTS: Mapping[str, Named] = {
    "queue_assign": Named(_("Entry of the work queue given to somebody"), "entry"),
    "queue_put_off": Named(_("Entry of the work queue put off"), "entry"),
    "queue_note": Named(_("Note on an entry of the work queue"), "entry"),
    "order_pay_back": Named(_("Order paid back"), "order"),
    "refund_decide": Named(_("Refund decided"), "refund"),
    "supervision_act": Named(_("Evidence of a delivery looked at"), "supervision"),
    "supervision_decide": Named(_("Dispute about a delivery decided"), "supervision"),
    "demand_new": Named(_("Demand entered that came by mail")),
    "demand_mail_aside": Named(_("Mail set aside that is no demand")),
    "demand_answer": Named(_("Demand answered"), "demand"),
    "demand_pass": Named(_("Demand passed to a seller"), "demand"),
    "demand_close": Named(_("Demand closed"), "demand"),
    "complaint_decide": Named(_("Complaint decided"), "complaint"),
    "settlement_reissue": Named(_("Rejected statement answered"), "statement"),
    "settlement_again": Named(_("Payment of a statement begun again"), "statement"),
    "settlement_account": Named(_("Account of a seller looked up"), "statement"),
    "settlement_wrong": Named(_("Account of a statement found wrong"), "statement"),
    "settlement_refuse": Named(_("Payment of a statement refused"), "statement"),
    "settlement_pay": Named(_("Statement paid"), "statement"),
    "invoice_review": Named(_("Application for an invoice answered"), "invoice"),
    "invoice_issue": Named(_("Invoice issued"), "invoice"),
    "invoice_correct": Named(_("Invoice corrected"), "invoice"),
    "invoice_take_back": Named(_("Invoice taken back"), "invoice"),
    "invoice_decline": Named(_("Invoice left as it is"), "invoice"),
    "seller_self_operated": Named(_("Said which seller the market itself is"), "seller"),
    "transfer_confirm": Named(_("Transfer booked"), "transfer"),
    "transfer_reject": Named(_("Proof of a transfer not accepted"), "transfer"),
    "unmatched_record": Named(_("Money recorded that came without a number")),
    "unmatched_assign": Named(_("Money given to a buyer's balance"), "money"),
    "unmatched_send_back": Named(_("Money sent back"), "money"),
    "operation_restart": Named(_("Operation restarted"), "operation"),
    "service_freeze": Named(_("Service frozen"), "service"),
    "service_lift": Named(_("Freeze of a service lifted"), "service"),
    "service_release": Named(_("Service ended"), "service"),
    "enterprise_appoint": Named(_("Administrator of an enterprise appointed"), "enterprise"),
    "binding_restart": Named(_("Failed synchronisation retried"), "binding"),
    "bindings_retry": Named(_("All failed synchronisation of a seller retried"), "seller"),
    "binding_send_again": Named(_("Everything about an enterprise sent to the seller again"), "binding"),
    "binding_end": Named(_("Enterprise unbound without the seller"), "binding"),
    "server_fault": Named(_("Sandbox's cloud made to fail, or to work"), "server"),
    "orphans_look": Named(_("Check for servers without an order begun")),
    "orphan_keep": Named(_("Server without an order kept"), "orphan server"),
    "orphan_release": Named(_("Server without an order deleted"), "orphan server"),
    "server_task_restart": Named(_("Cloud asked again"), "server task"),
    "image_bind": Named(_("Period image bound to a server"), "period image"),
    "reconcile_compare": Named(_("Comparison with sellers begun")),
    "reconcile_repair": Named(_("Difference repaired"), "drift"),
    "leased_job_cancel": Named(_("Background job cancelled"), "job"),
    "product_freeze": Named(_("Product frozen"), "product"),
    "product_unfreeze": Named(_("Product sold again"), "product"),
    "product_stop": Named(_("Sale stopped"), "product"),
    "category_new": Named(_("Category added")),
    "category": Named(_("Category changed"), "category"),
    "category_move": Named(_("Category moved"), "category"),
    "category_hide": Named(_("Category hidden"), "category"),
    "category_show": Named(_("Category shown"), "category"),
    "category_delete": Named(_("Category deleted"), "category"),
    "seller_suspend": Named(_("Seller suspended"), "seller"),
    "seller_resume": Named(_("Seller resumed"), "seller"),
    "seller_unlock": Named(_("Certification of a seller unlocked"), "seller"),
    "review_replay": Named(_("Cases of a submission replayed"), "submission"),
    "review_approve": Named(_("Submission approved"), "submission"),
    "review_reject": Named(_("Submission rejected"), "submission"),
    "review_secret": Named(_("Secret of a submission looked up"), "submission"),
    "probe_item_close": Named(_("Product decided on"), "probe item"),
    "agreement": Named(_("Agreement published"), "agreement"),
    "top_up": Named(_("Balance topped up"), "account"),
    "customer_level": Named(_("Customer level changed"), "account"),
    "customer_type": Named(_("Customer type changed"), "account"),
    "second_step_reset": Named(_("Two-step sign-in turned off for somebody"), "account"),
    "delivery_retry": Named(_("Message sent again"), "delivery"),
    "notices_read": Named(_("Own notices marked as read")),
    "notice_open": Named(_("Own notice opened")),
    "notice_settings": Named(_("Own notices chosen")),
    "clock": Named(_("Clock of the sandbox moved")),
    "cli operator create": Named(_("Operator made on the command line"), "account"),
    "cli operator grant": Named(_("Console opened to an account on the command line"), "account"),
    "cli operator revoke": Named(_("Console closed to an account on the command line"), "account"),
    "cli operator reset-second-step": Named(_("Two-step sign-in turned off on the command line"), "account"),
    "cli seller create": Named(_("Seller made on the command line"), "seller"),
    "cli category add": Named(_("Category added on the command line"), "category"),
    "cli category rename": Named(_("Category renamed on the command line"), "category"),
    "cli category move": Named(_("Category moved on the command line"), "category"),
    "cli category hide": Named(_("Category hidden on the command line"), "category"),
    "cli category show": Named(_("Category shown on the command line"), "category"),
    "cli category delete": Named(_("Category deleted on the command line"), "category"),
    "cli files adopt": Named(_("Files folder adopted on the command line")),
    "cli reconcile": Named(_("Comparison with sellers begun on the command line")),
    "cli reconcile fix": Named(_("Differences repaired on the command line")),
    "cli clock advance": Named(_("Clock of the sandbox moved on the command line")),
}
"""By the name of the address, and of the command."""


def _entry(kwargs: Mapping[str, object]) -> Subject:
    return Subject(kind="entry", id=f"{kwargs.get('source')}:{kwargs.get('pk')}")


def subject_of(act: str, kwargs: Mapping[str, object]) -> Subject:
    """What an act is about, by the parts of its address."""
    named = ACTS.get(act)
    if named is None or not named.kind:
        return NOTHING
    return _entry(kwargs) if named.kind == "entry" else KINDS[named.kind].subject(named.kind, kwargs)


def words_of(act: str) -> Words:
    """An act in words; its name, for one of an earlier version."""
    return ACTS[act].words if act in ACTS else act
