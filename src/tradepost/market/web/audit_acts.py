"""Names of the operators' acts in the audit log, by URL name of the console, and the kind of object that each concerns.

An address without a row is recorded under its URL name; a test requires a row for each address that changes something.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.applications.models import TenantBinding
from tradepost.market.approvals.models import Request
from tradepost.market.audit.record import NO_SUBJECT, Subject
from tradepost.market.base.models import LeasedJob
from tradepost.market.catalog.models import Category, Product, SynonymGroup
from tradepost.market.compute.models import OrphanServer, Server, Task
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.identity.models import Seller, SignInProvider, User
from tradepost.market.identity.opening_models import MarketInvitation
from tradepost.market.images.models import PeriodImage
from tradepost.market.invoices.models import Invoice
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.organisations.models import Enterprise
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.probes.models import WorkItem
from tradepost.market.review.models import Submission
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.settlement.models import FeeRule, Statement
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Supervision

type Words = str | Promise


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of object that acts concern. ``key``: the URL argument; ``by``: the column to look it up; ``text`` and
    ``seller``: the columns with its name and its seller; ``page``: the URL name of its page."""

    words: Words
    model: type[Model] | None = None
    key: str = "pk"
    by: str = "pk"
    text: str = "pk"
    seller: str = ""
    page: str = ""

    def subject(self, name: str, kwargs: Mapping[str, object]) -> Subject:
        """Return the object with its current name; without a name if it does not exist. One query."""
        key = kwargs.get(self.key)
        if key is None:
            return NO_SUBJECT
        row = self._row(key) if self.model is not None else None
        text, seller = row or ("", None)
        return Subject(kind=name, id=str(key), text=text, seller=seller)

    def _row(self, key: object) -> tuple[str, int | None] | None:
        columns = (self.text, self.seller) if self.seller else (self.text,)
        row = self.model._default_manager.filter(**{self.by: key}).values_list(*columns).first()  # type: ignore[union-attr]  # noqa: SLF001
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
    "money": Kind(words=_("Unmatched money"), model=ProviderFact, text="provider_no", page="unmatched_one"),
    "approval": Kind(words=_("Request for approval"), model=Request, text="title", seller="seller_id", page="approval"),
    "withdrawal": Kind(words=_("Withdrawal"), model=Withdrawal, text="number", page="withdrawal"),
    "booking": Kind(words=_("Booking"), model=Transfer, text="reference", page="booking"),
    "operation": Kind(words=_("Operation"), model=Operation, text="kind", seller="seller_id", page="operation"),
    "service": Kind(words=_("Service"), model=Subscription, text="product__name", seller="seller_id", page="service"),
    "server": Kind(words=_("Server"), model=Server, text="name", page="server"),
    "server task": Kind(words=_("Server"), model=Task, text="server__name"),
    "orphan server": Kind(words=_("Server without an order"), model=OrphanServer, text="provider_id"),
    "period image": Kind(
        words=_("Period image"),
        model=PeriodImage,
        by="service__pk",  # not pk: Django does not check the range of that number
        text="service__product__name",
        seller="service__seller_id",
        page="image",
    ),
    "drift": Kind(words=_("Difference"), model=Drift, text="subscription__product__name", seller="seller_id"),
    "job": Kind(words=_("Background job"), model=LeasedJob, text="kind", seller="seller_id"),
    "product": Kind(words=_("Product"), model=Product, text="name", seller="seller_id", page="product"),
    "category": Kind(words=_("Category"), model=Category, text="name", page="category"),
    "synonyms": Kind(words=_("Synonyms"), model=SynonymGroup, text="words__word", page="synonym"),
    "seller": Kind(words=_("Seller"), model=Seller, text="name", seller="pk", page="seller"),
    "submission": Kind(words=_("Submission"), model=Submission, text="kind", seller="seller_id", page="review"),
    "probe item": Kind(words=_("Product to decide"), model=WorkItem, text="product__name", seller="product__seller_id"),
    "binding": Kind(
        words=_("Application of an enterprise"),
        model=TenantBinding,
        text="enterprise__name",
        seller="application__seller_id",
        page="binding",
    ),
    "enterprise": Kind(words=_("Enterprise"), model=Enterprise, text="name", page="enterprise"),
    "market invitation": Kind(words=_("Invitation to register"), model=MarketInvitation, text="email"),
    "agreement": Kind(words=_("Agreement"), key="kind", page="agreement"),
    "account": Kind(words=_("Account"), model=User, text="email", page="account"),
    "fee policy": Kind(words=_("Fee policy"), model=FeeRule, text="name", seller="seller_id"),
    "provider": Kind(words=_("Sign-in provider"), model=SignInProvider, text="name", page="provider"),
    "delivery": Kind(
        words=pgettext_lazy("audit", "Message"), model=NoticeDelivery, text="notice__kind", page="delivery"
    ),
    "entry": Kind(words=_("Work queue entry")),
    "list": Kind(words=_("List")),
}


class ActName(Struct, frozen=True):
    words: Words
    kind: str = ""


ACTS: Mapping[str, ActName] = {
    "queue_assign": ActName(_("Work queue entry assigned"), "entry"),
    "queue_put_off": ActName(_("Work queue entry postponed"), "entry"),
    "queue_note": ActName(_("Note on a work queue entry"), "entry"),
    "order_pay_back": ActName(_("Order refunded"), "order"),
    "refund_decide": ActName(_("Refund decided"), "refund"),
    "supervision_act": ActName(_("Delivery evidence reviewed"), "supervision"),
    "supervision_decide": ActName(_("Delivery dispute decided"), "supervision"),
    "demand_new": ActName(_("Demand received by email entered")),
    "demand_mail_aside": ActName(_("Email marked as not a demand")),
    "demand_answer": ActName(_("Demand answered"), "demand"),
    "demand_pass": ActName(_("Demand passed to a seller"), "demand"),
    "demand_close": ActName(_("Demand closed"), "demand"),
    "complaint_decide": ActName(_("Complaint decided"), "complaint"),
    "settlement_reissue": ActName(_("Rejected statement answered"), "statement"),
    "settlement_again": ActName(_("Statement payment restarted"), "statement"),
    "settlement_account": ActName(_("Payout account of a seller viewed"), "statement"),
    "settlement_wrong": ActName(_("Payout account of a statement marked as wrong"), "statement"),
    "settlement_refuse": ActName(_("Statement payment withheld"), "statement"),
    "settlement_pay": ActName(_("Statement paid"), "statement"),
    "invoice_review": ActName(_("Application for an invoice answered"), "invoice"),
    "invoice_issue": ActName(_("Invoice issued"), "invoice"),
    "invoice_correct": ActName(_("Invoice corrected"), "invoice"),
    "invoice_take_back": ActName(_("Invoice withdrawn"), "invoice"),
    "invoice_decline": ActName(_("Invoice left as it is"), "invoice"),
    "seller_self_operated": ActName(_("Own seller of the store set"), "seller"),
    "transfer_confirm": ActName(_("Transfer booked"), "transfer"),
    "transfer_reject": ActName(_("Transfer proof rejected"), "transfer"),
    "unmatched_record": ActName(_("Unmatched money recorded")),
    "unmatched_assign": ActName(_("Money booked to a buyer's balance"), "money"),
    "unmatched_send_back": ActName(_("Money returned"), "money"),
    "unmatched_bounce": ActName(_("Returned money booked as unmatched again"), "money"),
    "withdrawal_approve": ActName(_("Withdrawal approved"), "withdrawal"),
    "withdrawal_reject": ActName(_("Withdrawal rejected"), "withdrawal"),
    "withdrawal_account": ActName(_("Account of a withdrawal looked up"), "withdrawal"),
    "withdrawal_pay": ActName(_("Payment of a withdrawal recorded"), "withdrawal"),
    "withdrawal_return": ActName(_("Return of a withdrawal recorded"), "withdrawal"),
    "approval_approve": ActName(_("Request for approval approved"), "approval"),
    "approval_reject": ActName(_("Request for approval rejected"), "approval"),
    "approval_withdraw": ActName(_("Request for approval withdrawn"), "approval"),
    "approval_limit": ActName(_("Approval limit changed")),
    "booking_correct": ActName(_("Booking corrected"), "booking"),
    "operation_restart": ActName(_("Operation restarted"), "operation"),
    "service_freeze": ActName(_("Service frozen"), "service"),
    "service_lift": ActName(_("Freeze of a service lifted"), "service"),
    "service_release": ActName(pgettext_lazy("act", "Service ended"), "service"),
    "enterprise_appoint": ActName(_("Administrator of an enterprise appointed"), "enterprise"),
    "binding_restart": ActName(_("Failed synchronisation retried"), "binding"),
    "bindings_retry": ActName(_("All failed synchronisation of a seller retried"), "seller"),
    "binding_send_again": ActName(_("All data of an enterprise resent to the seller"), "binding"),
    "binding_end": ActName(_("Enterprise unbound without the seller"), "binding"),
    "server_fault": ActName(_("Sandbox cloud failures switched on or off"), "server"),
    "orphans_look": ActName(_("Check for servers without an order started")),
    "orphan_keep": ActName(_("Server without an order kept"), "orphan server"),
    "orphan_release": ActName(_("Server without an order deleted"), "orphan server"),
    "server_task_restart": ActName(_("Cloud request retried"), "server task"),
    "image_bind": ActName(_("Period image bound to a server"), "period image"),
    "reconcile_compare": ActName(_("Comparison with sellers started")),
    "reconcile_repair": ActName(_("Discrepancy repaired"), "drift"),
    "leased_job_cancel": ActName(_("Background job cancelled"), "job"),
    "product_freeze": ActName(_("Product sales suspended"), "product"),
    "product_unfreeze": ActName(_("Product sold again"), "product"),
    "product_stop": ActName(_("Sale stopped"), "product"),
    "category_new": ActName(_("Category added")),
    "category": ActName(_("Category changed"), "category"),
    "category_move": ActName(_("Category moved"), "category"),
    "category_hide": ActName(_("Category hidden"), "category"),
    "category_show": ActName(_("Category shown"), "category"),
    "category_delete": ActName(_("Category deleted"), "category"),
    "synonym_new": ActName(_("Synonyms added")),
    "synonym": ActName(_("Synonyms changed"), "synonyms"),
    "synonym_delete": ActName(_("Synonyms deleted"), "synonyms"),
    "seller_suspend": ActName(_("Seller suspended"), "seller"),
    "seller_resume": ActName(_("Seller resumed"), "seller"),
    "seller_unlock": ActName(_("Certification of a seller unlocked"), "seller"),
    "review_replay": ActName(_("Cases of a submission replayed"), "submission"),
    "review_approve": ActName(_("Submission approved"), "submission"),
    "review_reject": ActName(_("Submission rejected"), "submission"),
    "review_secret": ActName(_("Secret of a submission viewed"), "submission"),
    "probe_item_close": ActName(_("Product decided"), "probe item"),
    "agreement": ActName(_("Draft of an agreement saved"), "agreement"),
    "agreement_publish": ActName(_("Agreement published"), "agreement"),
    "agreement_discard": ActName(_("Draft of an agreement discarded"), "agreement"),
    "registration": ActName(_("Registration opened, closed or limited")),
    "registration_invite": ActName(_("People invited to register")),
    "registration_again": ActName(_("Invitation to register sent again"), "market invitation"),
    "registration_withdraw": ActName(_("Invitation to register withdrawn"), "market invitation"),
    "first_sale_card": ActName(_("Checklist hidden, or shown on the overview")),
    "branding": ActName(_("Branding changed")),
    "branding_picture": ActName(_("Logo or browser icon changed")),
    "branding_reset": ActName(_("Branding reset")),
    "top_up": ActName(_("Balance topped up"), "account"),
    "customer_level": ActName(_("Customer level changed"), "account"),
    "customer_type": ActName(_("Customer type changed"), "account"),
    "second_step_reset": ActName(_("Two-step sign-in of another person turned off"), "account"),
    "account_role": ActName(_("Role of an operator changed"), "account"),
    "account_export": ActName(_("Copy of a person's data ordered"), "account"),
    "account_erase": ActName(pgettext_lazy("act", "Erasure of an account ordered"), "account"),
    "account_keep": ActName(pgettext_lazy("act", "Erasure of an account withdrawn"), "account"),
    "account_lock": ActName(pgettext_lazy("act", "Account locked"), "account"),
    "account_unlock": ActName(_("Account unlocked"), "account"),
    "operator_invite": ActName(_("Operator invited")),
    "operator_invite_again": ActName(_("Operator invitation resent")),
    "operator_invite_revoke": ActName(_("Invitation of an operator withdrawn")),
    "fee_new": ActName(_("Fee policy added")),
    "fee_end": ActName(_("Fee policy ended"), "fee policy"),
    "fee_delete": ActName(_("Fee policy deleted"), "fee policy"),
    "provider_new": ActName(_("Sign-in provider added")),
    "provider": ActName(_("Sign-in provider changed"), "provider"),
    "provider_delete": ActName(_("Sign-in provider deleted"), "provider"),
    "operator_passwords": ActName(_("Operator passwords allowed or disabled")),
    "cli operator passwords": ActName(_("Operator passwords allowed or disabled on the command line")),
    "operator_join": ActName(_("Invitation of an operator accepted"), "account"),
    "delivery_retry": ActName(_("Message sent again"), "delivery"),
    "list_export": ActName(_("List downloaded"), "list"),
    "export_new": ActName(_("Export of a list requested")),
    "export_delete": ActName(_("Own export deleted")),
    "notices_read": ActName(_("Own notices marked as read")),
    "notice_open": ActName(_("Own notice opened")),
    "notice_settings": ActName(_("Own notification settings changed")),
    "clock": ActName(_("Clock of the sandbox moved")),
    "cli operator create": ActName(_("Operator created on the command line"), "account"),
    "cli operator grant": ActName(_("Console access granted on the command line"), "account"),
    "cli operator revoke": ActName(_("Console access revoked on the command line"), "account"),
    "cli operator lock": ActName(_("Account locked on the command line"), "account"),
    "cli operator unlock": ActName(_("Account unlocked on the command line"), "account"),
    "cli config import": ActName(_("Configuration imported on the command line")),
    "cli operator reset-second-step": ActName(_("Two-step sign-in turned off on the command line"), "account"),
    "cli seller create": ActName(_("Seller created on the command line"), "seller"),
    "cli category add": ActName(_("Category added on the command line"), "category"),
    "cli category rename": ActName(_("Category renamed on the command line"), "category"),
    "cli category move": ActName(_("Category moved on the command line"), "category"),
    "cli category hide": ActName(_("Category hidden on the command line"), "category"),
    "cli category show": ActName(_("Category shown on the command line"), "category"),
    "cli category delete": ActName(_("Category deleted on the command line"), "category"),
    "cli secrets reseal": ActName(_("Sealed values encrypted under the new key on the command line")),
    "cli files adopt": ActName(_("Files folder adopted on the command line")),
    "cli reconcile": ActName(_("Comparison with sellers started on the command line")),
    "cli reconcile fix": ActName(_("Discrepancies repaired on the command line")),
    "cli clock advance": ActName(_("Clock of the sandbox moved on the command line")),
}
"""Keys: URL names of the console, and ``cli`` with the command."""


def _entry(kwargs: Mapping[str, object]) -> Subject:
    return Subject(kind="entry", id=f"{kwargs.get('source')}:{kwargs.get('pk')}")


def subject_of(act: str, kwargs: Mapping[str, object]) -> Subject:
    """Return the object that an act concerns, from the arguments of its URL."""
    definition = ACTS.get(act)
    if definition is None or not definition.kind:
        return NO_SUBJECT
    return _entry(kwargs) if definition.kind == "entry" else KINDS[definition.kind].subject(definition.kind, kwargs)


def act_label(act: str) -> Words:
    """Return the name of an act to show; the stored name for an act of an earlier version."""
    return ACTS[act].words if act in ACTS else act
