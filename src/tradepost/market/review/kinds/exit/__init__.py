"""Request of a seller to leave the market permanently (business-rules §1.4 'Exit').

Open invoices, refunds that wait for one, and unpaid statements prevent an exit. Earnings without a statement do not:
below the payout minimum, a statement is created only after the exit (``settlement.run``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base import stored
from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity import enter
from tradepost.market.identity.models import Seller
from tradepost.market.identity.texts import has_markup
from tradepost.market.invoices.models import Invoice
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.review.contract import Case, Defaults, Incomplete, InputKind, Item, Question, Section
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription

RULE = "business-rules §1.4 (Exit)"
MAX_REASON_LENGTH = 1000


@stored.version(1)
class ExitDocument(Struct, frozen=True, kw_only=True):
    reason: str = ""


class Exit(Defaults[ExitDocument]):
    name = "exit"
    title = gettext_lazy("Leaving the market")
    document = ExitDocument
    sections = (
        Section(code="reason", title=gettext_lazy("Reason")),
        Section(code="conditions", title=gettext_lazy("Requirements for leaving")),
    )
    questions = (
        Question(
            field="reason",
            section="reason",
            label=gettext_lazy("Why you leave"),
            look=InputKind.LONG,
            longest=MAX_REASON_LENGTH,
        ),
    )
    items = (
        Item(
            code="asked",
            words=gettext_lazy("The company confirmed in a call to its contact phone that it wants to leave."),
            rule=RULE,
        ),
        Item(code="buyers", words=gettext_lazy("No complaint or refund of a buyer is open."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.ACTIVE:
            raise Refused(
                "exit.not_active", _("Only active sellers can leave. A suspended seller must be resumed first.")
            )

    def blank(self, seller: Seller, *, product: Product | None) -> ExitDocument:
        return ExitDocument()

    def self_check(self, case: Case[ExitDocument]) -> Sequence[Finding]:
        reason = case.document.reason.strip()
        findings = [] if reason else [_finding("reason", "reason", "missing", _("This field is required."))]
        if has_markup(reason):
            findings = [_finding("reason", "reason", "wrong", _("Plain text only, without HTML."))]
        if len(reason) > MAX_REASON_LENGTH:
            message = _("At most %(most)s characters; these are %(number)s.") % {
                "most": MAX_REASON_LENGTH,
                "number": len(reason),
            }
            findings = [_finding("reason", "reason", "too_long", message)]
        own_key = case.submission.pk if case.submission else 0
        return [*findings, *unfinished_business(case.seller, but=own_key)]

    def approve(self, case: Case[ExitDocument], *, by: str) -> None:
        """Check the conditions again, because buyers may have bought since."""
        if open_findings := list(unfinished_business(case.seller, but=case.stored.pk)):
            raise Incomplete(open_findings)
        enter.leave(case.seller, by=by, now=case.now)


MAX_COUNTED = 99
"""Limit of each count. To count further in the order of the key, PostgreSQL would read the rows of other sellers in
between."""
type _Condition = tuple[str, Sequence[QuerySet[Any]], str]
"""A field of the section, the rows that prevent the exit, and the message for their number. Rows are counted per
state, each with an index: a negated state would read all rows."""


def unfinished_business(seller: Seller, *, but: int = 0) -> Iterator[Finding]:
    """Yield what a seller must complete before it leaves. ``but``: key of this submission."""
    for field, lists, message in (*_sales_conditions(seller, but), *_money_conditions(seller)):
        if number := sum(counts_up_to(*lists, most=MAX_COUNTED), Count(0)):
            yield _finding("conditions", field, "unfinished", message % {"n": number})


def _sales_conditions(seller: Seller, excluded_submission: int) -> tuple[_Condition, ...]:
    lines = OrderLine.objects.filter(seller=seller, status__in=[Order.Status.UNPAID, Order.Status.PROCESSING])
    ended_statuses = (Subscription.Status.RELEASED, Subscription.Status.FAILED)
    services = [
        Subscription.objects.filter(seller=seller, status=status).order_by("-pk")
        for status in Subscription.Status
        if status not in ended_statuses
    ]
    operations = Operation.objects.filter(
        seller=seller, status__in=[Operation.Status.QUEUED, Operation.Status.RUNNING, Operation.Status.STOPPED]
    )
    return (
        (
            "products",
            [Product.objects.filter(seller=seller).exclude(status__in=[Product.Status.STOPPED, Product.Status.DRAFT])],
            _("Products that are still sold: %(n)s. Stop their sales first."),
        ),
        ("orders", [lines], _("Orders that are not finished: %(n)s.")),
        (
            "services",
            services,
            _("Services that buyers still hold: %(n)s. They must end, or be cancelled and refunded."),
        ),
        ("operations", [operations], _("Operations that are not finished: %(n)s.")),
        (
            "submissions",
            [Submission.objects.filter(seller=seller, status__in=OPEN).exclude(pk=excluded_submission)],
            _("Submissions that are not decided: %(n)s. Wait for them, or withdraw them."),
        ),
    )


def _money_conditions(seller: Seller) -> tuple[_Condition, ...]:
    # An invoice has a due date until it is issued, and afterwards while its buyer has an open request.
    invoices = Invoice.objects.filter(seller=seller, due_at__isnull=False)
    refunds = Charge.objects.filter(seller=seller, waiting_minor__gt=0)
    unpaid = [status for status in Statement.Status if status != Statement.Status.PAID]
    return (
        (
            "invoices",
            [invoices],
            _("Invoices that buyers wait for: %(n)s. Issue or refuse them, and answer requests about issued ones."),
        ),
        (
            "refunds",
            [refunds],
            _("Refunds that wait for the return of an invoice: %(n)s. Return these invoices."),
        ),
        (
            "statements",
            [Statement.objects.filter(seller=seller, status__in=unpaid)],
            _("Statements that are not paid: %(n)s."),
        ),
        (
            "fee_invoices",
            [Invoice.objects.filter(payer=seller, status__in=[Invoice.Status.REVIEW, Invoice.Status.TO_ISSUE])],
            _("Invoices for the market's fee that are not issued: %(n)s."),
        ),
    )


def _finding(section: str, field: str, code: str, words: str) -> Finding:
    return Finding(section=section, field=field, code=f"exit.{field}.{code}", words=words, rule=RULE)


KIND = Exit()
