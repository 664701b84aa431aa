"""A seller asks to leave the market for good (business-rules §1.4 'Exit').

Open invoices, refunds that wait for one and unpaid statements hold an exit back. Earnings without a statement do not: below the payout
minimum a statement is made only after the exit (``settlement.run``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base import stored
from tradepost.market.base.counting import count_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity import enter
from tradepost.market.identity.models import Seller
from tradepost.market.identity.texts import holds_markup
from tradepost.market.invoices.models import Invoice
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.review.contract import Case, Defaults, Incomplete, Item, Look, Question, Section
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription

RULE = "business-rules §1.4 (Exit)"
LONGEST_REASON = 1000


@stored.version(1)
class ExitDocument(Struct, frozen=True, kw_only=True):
    reason: str = ""


class Exit(Defaults[ExitDocument]):
    name = "exit"
    title = gettext_lazy("Leaving the market")
    document = ExitDocument
    sections = (
        Section(code="reason", title=gettext_lazy("Reason")),
        Section(code="conditions", title=gettext_lazy("What must be finished first")),
    )
    questions = (
        Question(
            field="reason",
            section="reason",
            label=gettext_lazy("Why you leave"),
            look=Look.LONG,
            longest=LONGEST_REASON,
        ),
    )
    items = (
        Item(
            code="asked",
            words=gettext_lazy("The company itself asks for it: it was called at its contact phone."),
            rule=RULE,
        ),
        Item(code="buyers", words=gettext_lazy("No complaint or refund of a buyer is open."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.ACTIVE:
            raise Refused("exit.not_active", _("Only an active seller can leave; a suspended one is resumed first."))

    def blank(self, seller: Seller, *, product: Product | None) -> ExitDocument:
        return ExitDocument()

    def self_check(self, case: Case[ExitDocument]) -> Sequence[Finding]:
        reason = case.document.reason.strip()
        wrong = [] if reason else [_finding("reason", "reason", "missing", _("This is needed."))]
        if holds_markup(reason):
            wrong = [_finding("reason", "reason", "wrong", _("Plain text only, without HTML."))]
        if len(reason) > LONGEST_REASON:
            said = _("At most %(most)s characters; these are %(number)s.") % {
                "most": LONGEST_REASON,
                "number": len(reason),
            }
            wrong = [_finding("reason", "reason", "too_long", said)]
        own = case.submission.pk if case.submission else 0
        return [*wrong, *unfinished(case.seller, but=own)]

    def approve(self, case: Case[ExitDocument], *, by: str) -> None:
        """Asked again: since it was sent, somebody may have bought."""
        if left := list(unfinished(case.seller, but=case.stored.pk)):
            raise Incomplete(left)
        enter.leave(case.seller, by=by, now=case.now)


type _Condition = tuple[str, QuerySet[Any], str]
"""A field of the section, the rows that hold the exit back, and the words for their number."""


def unfinished(seller: Seller, *, but: int = 0) -> Iterator[Finding]:
    """What a seller must bring to its end before it leaves. ``but``: the submission that asks."""
    for field, rows, words in (*_of_sales(seller, but), *_of_money(seller)):
        if number := count_up_to(rows):
            yield _finding("conditions", field, "unfinished", words % {"n": number})


def _of_sales(seller: Seller, but: int) -> tuple[_Condition, ...]:
    lines = OrderLine.objects.filter(seller=seller, status__in=[Order.Status.UNPAID, Order.Status.PROCESSING])
    held = Subscription.objects.filter(seller=seller).exclude(
        status__in=[Subscription.Status.RELEASED, Subscription.Status.FAILED]
    )
    operations = Operation.objects.filter(
        seller=seller, status__in=[Operation.Status.QUEUED, Operation.Status.RUNNING, Operation.Status.STOPPED]
    )
    return (
        (
            "products",
            Product.objects.filter(seller=seller).exclude(status__in=[Product.Status.STOPPED, Product.Status.DRAFT]),
            _("Products that are still sold: %(n)s. Stop their sales first."),
        ),
        ("orders", lines, _("Orders that are not finished: %(n)s.")),
        (
            "services",
            held,
            _("Services that buyers still hold: %(n)s. They run to their end, or are cancelled and refunded."),
        ),
        ("operations", operations, _("Operations that are not finished: %(n)s.")),
        (
            "submissions",
            Submission.objects.filter(seller=seller, status__in=OPEN).exclude(pk=but),
            _("Submissions that are not decided: %(n)s. Wait for them, or withdraw them."),
        ),
    )


def _of_money(seller: Seller) -> tuple[_Condition, ...]:
    # An invoice that is not issued always has a due date, and an issued one while its buyer asks for something.
    invoices = Invoice.objects.filter(seller=seller, due_at__isnull=False)
    refunds = Charge.objects.filter(seller=seller, waiting_minor__gt=0)
    unpaid = [status for status in Statement.Status if status != Statement.Status.PAID]
    return (
        (
            "invoices",
            invoices,
            _("Invoices that buyers wait for: %(n)s. Issue or refuse them, and answer requests about issued ones."),
        ),
        (
            "refunds",
            refunds,
            _("Refunds that wait for the return of an invoice: %(n)s. Return these invoices."),
        ),
        (
            "statements",
            Statement.objects.filter(seller=seller, status__in=unpaid),
            _("Statements that are not paid: %(n)s."),
        ),
        (
            "fee_invoices",
            Invoice.objects.filter(payer=seller, status__in=[Invoice.Status.REVIEW, Invoice.Status.TO_ISSUE]),
            _("Invoices over the market's fee that are not issued: %(n)s."),
        ),
    )


def _finding(section: str, field: str, code: str, words: str) -> Finding:
    return Finding(section=section, field=field, code=f"exit.{field}.{code}", words=words, rule=RULE)


KIND = Exit()
