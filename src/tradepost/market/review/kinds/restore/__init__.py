"""Request to resume sales of a suspended product (saas-v2 §6, shelf §8: re-saved cases, a passing run, an
operator)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog import trading
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product
from tradepost.market.debugging import replay
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, Fact, InputKind, Item, Section
from tradepost.market.review.product_versions import is_fresh, needs_interface, replay_subject, start_replay, stock_of

RULE = "saas-v2 §6"
MAX_TEXT_LENGTH = 2000


class RestoreRequest(Struct, frozen=True):
    repaired: str = ""
    """The cause and its correction, as the seller describes it."""


class Restore(Defaults[RestoreRequest]):
    name = "restore"
    title = gettext_lazy("Restore the sale of a product")
    document = RestoreRequest
    sections = (Section(code="restore", title=gettext_lazy("Restore the sale")),)
    items: ClassVar[tuple[Item, ...]] = (
        Item(code="repaired", words=gettext_lazy("The seller's explanation matches the reason for the suspension and shows that a recurrence is unlikely."), rule=RULE),
        Item(code="replayed", words=gettext_lazy("Every required case of the production interface was replayed and passed."), rule=RULE),
    )  # fmt: skip

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status != Product.Status.FROZEN:
            raise Refused("restore.not_frozen", _("The sale of this product is not suspended."))

    def blank(self, seller: Seller, *, product: Product | None) -> RestoreRequest:
        return RestoreRequest()

    def self_check(self, case: Case[RestoreRequest]) -> Sequence[Finding]:
        findings, text = [], case.document.repaired.strip()
        if not text:
            findings.append(
                _finding("repaired", "restore.missing", _("Describe the cause and your corrective action."))
            )
        elif len(text) > MAX_TEXT_LENGTH:
            findings.append(
                _finding("repaired", "restore.long", _("At most %(most)s characters.") % {"most": MAX_TEXT_LENGTH})
            )
        if (listed := self.replayed(case)) is not None:
            findings += _interface(_product(case), listed)
        return findings

    def replayed(self, case: Case[RestoreRequest]) -> Document | None:
        listed = _listed(case)
        return listed if listed is not None and needs_interface(listed) else None

    def begin_checking(self, case: Case[RestoreRequest]) -> bool:
        """Replay the required cases."""
        listed, submission = self.replayed(case), case.stored
        if listed is None:
            return False
        by = submission.sent_by.email if submission.sent_by else "market"
        return start_replay(submission, listed, by=by, purpose=Purpose.REVIEW, now=case.now) is not None

    def approve(self, case: Case[RestoreRequest], *, by: str) -> None:
        product, listed = _product(case), self.replayed(case)
        if product.status != Product.Status.FROZEN:
            raise Refused("restore.not_frozen", _("The sale of this product is not suspended."))
        if listed is not None:
            minutes = case.settings.review.replay_valid_minutes
            stock = stock_of(product, listed, purpose=Purpose.REVIEW)
            fresh = is_fresh(
                replay.newest(replay_subject(case.stored.pk)), valid=timedelta(minutes=minutes), now=case.now
            )
            if not fresh or stock is None or stock.lacks:
                message = _(
                    "The replay of its cases is older than %(minutes)s minutes, or did not pass. Replay them first."
                )
                raise Refused("review.replay", message % {"minutes": minutes}, field="replay", rule="2.4")
        trading.unfreeze(product, actor=by, now=case.now)

    def facts(self, document: RestoreRequest) -> Sequence[Fact]:
        label = _("Cause and corrective action")
        return [Fact(section="restore", field="repaired", label=label, value=document.repaired, look=InputKind.LONG)]


def _product(case: Case[RestoreRequest]) -> Product:
    if case.product is None:
        raise LookupError("a restoration without its product")
    return case.product


def _listed(case: Case[RestoreRequest]) -> Document | None:
    return listed_document(_product(case))


def _interface(product: Product, listed: Document) -> list[Finding]:
    """Return the required cases that are missing, failed in the last run, or belong to another address or key, and so
    must be saved again."""
    stock = stock_of(product, listed, purpose=Purpose.REVIEW)
    if stock is None:
        message = _("This product is not bound to a production address. Register one and bind it.")
        return [_finding("address", "interface.address", message)]
    return [_finding(f"case.{lack.activity}.{lack.variant}", "interface.case", lack.words) for lack in stock.lacks]


def _finding(field: str, code: str, words: str) -> Finding:
    return Finding(section="restore", field=field, code=code, words=words, rule=RULE)


KIND = Restore()
