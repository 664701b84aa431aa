"""A seller asks for the sale of a frozen product to be restored (saas-v2 §6, shelf §8: re-saved cases, a passing run, an operator)."""

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
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Look, Section
from tradepost.market.review.product_versions import about, is_fresh, needs_interface, start_replay, stock_of

RULE = "saas-v2 §6"
LONGEST = 2000


class Restoring(Struct, frozen=True):
    repaired: str = ""
    """What was wrong, and what was done about it: in the seller's words."""


class Restore(Defaults[Restoring]):
    name = "restore"
    title = gettext_lazy("Restore the sale of a product")
    document = Restoring
    sections = (Section(code="restore", title=gettext_lazy("Restore the sale")),)
    items: ClassVar[tuple[Item, ...]] = (
        Item(code="repaired", words=gettext_lazy("What the seller says fits why the sale was suspended, and makes it likely that it does not come back."), rule=RULE),
        Item(code="replayed", words=gettext_lazy("Every required case of the production interface was replayed and passed."), rule=RULE),
    )  # fmt: skip

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or product.status != Product.Status.FROZEN:
            raise Refused("restore.not_frozen", _("The sale of this product is not suspended."))

    def blank(self, seller: Seller, *, product: Product | None) -> Restoring:
        return Restoring()

    def self_check(self, case: Case[Restoring]) -> Sequence[Finding]:
        found, said = [], case.document.repaired.strip()
        if not said:
            found.append(_wrong("repaired", "restore.missing", _("Say what was wrong and what you did about it.")))
        elif len(said) > LONGEST:
            found.append(_wrong("repaired", "restore.long", _("At most %(most)s characters.") % {"most": LONGEST}))
        if (listed := self.replayed(case)) is not None:
            found += _interface(_product(case), listed)
        return found

    def replayed(self, case: Case[Restoring]) -> Document | None:
        listed = _listed(case)
        return listed if listed is not None and needs_interface(listed) else None

    def begin_checking(self, case: Case[Restoring]) -> bool:
        """Make the required cases again."""
        listed, submission = self.replayed(case), case.stored
        if listed is None:
            return False
        by = submission.sent_by.email if submission.sent_by else "market"
        return start_replay(submission, listed, by=by, purpose=Purpose.REVIEW, now=case.now) is not None

    def approve(self, case: Case[Restoring], *, by: str) -> None:
        product, listed = _product(case), self.replayed(case)
        if product.status != Product.Status.FROZEN:
            raise Refused("restore.not_frozen", _("The sale of this product is not suspended."))
        if listed is not None:
            minutes = case.settings.replay_valid_minutes
            stock = stock_of(product, listed, purpose=Purpose.REVIEW)
            fresh = is_fresh(replay.newest(about(case.stored.pk)), valid=timedelta(minutes=minutes), now=case.now)
            if not fresh or stock is None or stock.lacks:
                words = _(
                    "The replay of its cases is older than %(minutes)s minutes, or did not pass. Replay them first."
                )
                raise Refused("review.replay", words % {"minutes": minutes}, field="replay", rule="2.4")
        trading.unfreeze(product, actor=by, now=case.now)

    def facts(self, document: Restoring) -> Sequence[Fact]:
        label = _("What was wrong, and what was done about it")
        return [Fact(section="restore", field="repaired", label=label, value=document.repaired, look=Look.LONG)]


def _product(case: Case[Restoring]) -> Product:
    if case.product is None:
        raise LookupError("a restoration without its product")
    return case.product


def _listed(case: Case[Restoring]) -> Document | None:
    return listed_document(_product(case))


def _interface(product: Product, listed: Document) -> list[Finding]:
    """What of its cases is missing, failed when it was tried last, or stands at another address or key: it is saved anew."""
    stock = stock_of(product, listed, purpose=Purpose.REVIEW)
    if stock is None:
        words = _("No production address serves this product. Register one and bind it.")
        return [_wrong("address", "interface.address", words)]
    return [_wrong(f"case.{lack.activity}.{lack.variant}", "interface.case", lack.words) for lack in stock.lacks]


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section="restore", field=field, code=code, words=words, rule=RULE)


KIND = Restore()
