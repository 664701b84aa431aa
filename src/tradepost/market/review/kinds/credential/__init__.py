"""The application of a product on sale moves to another production address, its product with it (openapi-jointkit §B.1, §A.10): every
required case is saved there first, and made again when it is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.applications import move
from tradepost.market.applications.models import Application
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product
from tradepost.market.debugging import missing, replay
from tradepost.market.debugging.missing import Stock
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Section
from tradepost.market.review.product_versions import about, sold

RULE = "openapi-jointkit §B.1"
SECTION = "credential"


class Moving(Struct, frozen=True):
    """``address``: key of the address of the joint-operation calls; ``url`` and ``before``: where it leads, and where they went."""

    address: int = 0
    url: str = ""
    before: str = ""


class CredentialAddress(Defaults[Moving]):
    name = "credential"
    title = gettext_lazy("Move an application to another address")
    document = Moving
    sections = (Section(code=SECTION, title=gettext_lazy("Production address")),)
    items: ClassVar[tuple[Item, ...]] = (
        Item(code="whose", words=gettext_lazy("The new address is this company's, and serves this application."), rule=RULE),
        Item(code="replayed", words=gettext_lazy("Every required case of the production interface and of joint operation was replayed there and passed."), rule="openapi-jointkit §A.10"),
    )  # fmt: skip

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or move.published(product) is None:
            words = _("This application is not published yet: change its address among its other data.")
            raise Refused("credential.not_published", words)

    def blank(self, seller: Seller, *, product: Product | None) -> Moving:
        return Moving()

    def self_check(self, case: Case[Moving]) -> Sequence[Finding]:
        try:
            stock = _stock(case)
        except Refused as refused:
            return [_wrong("address", refused.code, str(refused.message))]
        return [_wrong(f"case.{lack.activity}.{lack.variant}", "interface.case", lack.words) for lack in stock.lacks]

    def begin_checking(self, case: Case[Moving]) -> bool:
        """Make the required cases again, where they would be made from then on."""
        saved, submission = _stock(case).saved, case.stored
        by = submission.sent_by.email if submission.sent_by else "market"
        if not saved:
            return False
        replay.start(saved, about=about(submission.pk), by=by, now=case.now, seller_id=submission.seller_id)
        return True

    def approve(self, case: Case[Moving], *, by: str) -> None:
        if _stock(case).lacks:
            words = _(
                "Address, key or cases of this application changed since they were replayed. Its seller has to hand it in again."
            )
            raise Refused("review.cases", words, field="replay", rule=RULE)
        move.move(_application(case), _address(case))

    def facts(self, document: Moving) -> Sequence[Fact]:
        return [
            Fact(section=SECTION, field="before", label=_("Address so far"), value=document.before),
            Fact(section=SECTION, field="url", label=_("New address"), value=document.url),
        ]


def _application(case: Case[Moving]) -> Application:
    found = move.published(case.product) if case.product is not None else None
    if found is None:
        raise LookupError("a move of an application that is not published")
    return found


def _address(case: Case[Moving]) -> Address:
    """As it was handed in: one that leads elsewhere by now is none. Raises ``Refused``."""
    own = Address.objects.filter(seller=case.seller, pk=case.document.address, url=case.document.url, removed_at=None)
    found = own.first()
    if found is None:
        raise Refused("credential.address", _("This address is not there any more."), field="address")
    return found


def _stock(case: Case[Moving]) -> Stock:
    """How the required cases stand at the new address. Raises ``Refused``."""
    application = _application(case)
    base = move.fitting(application, _address(case))
    listed = listed_document(application.product) if application.product else None
    if listed is None:
        return Stock((), ())
    return missing.stock(base, sold(listed), purpose=Purpose.SUBMIT)


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=code, words=words, rule=RULE)


KIND = CredentialAddress()
