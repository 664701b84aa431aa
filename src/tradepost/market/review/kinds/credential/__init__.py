"""Move the application of a product on sale to another production address, with the product (openapi-jointkit §B.1,
§A.10). Every required case is saved there first, and replayed on submission."""

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
from tradepost.market.debugging.missing import CaseInventory
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Section
from tradepost.market.review.product_versions import replay_subject, sold_properties

RULE = "openapi-jointkit §B.1"
SECTION = "credential"


class CredentialMove(Struct, frozen=True):
    """``address``: key of the address of the joint-operation calls; ``url``, ``before``: the new and the former
    URL."""

    address: int = 0
    url: str = ""
    before: str = ""


class CredentialAddress(Defaults[CredentialMove]):
    name = "credential"
    title = gettext_lazy("Move an application to another address")
    document = CredentialMove
    sections = (Section(code=SECTION, title=gettext_lazy("Production address")),)
    items: ClassVar[tuple[Item, ...]] = (
        Item(code="whose", words=gettext_lazy(
            "The new address belongs to this company and serves this application."), rule=RULE),
        Item(code="replayed", words=gettext_lazy(
            "All required cases of the production interface and the joint-operation interfaces were replayed there "
            "and passed."), rule="openapi-jointkit §A.10"),
    )  # fmt: skip

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if product is None or move.published_application(product) is None:
            words = _("This application is not published yet. Edit its production address directly.")
            raise Refused("credential.not_published", words)

    def blank(self, seller: Seller, *, product: Product | None) -> CredentialMove:
        return CredentialMove()

    def self_check(self, case: Case[CredentialMove]) -> Sequence[Finding]:
        try:
            stock = _stock(case)
        except Refused as refusal:
            return [_finding("address", refusal.code, str(refusal.message))]
        return [_finding(f"case.{lack.activity}.{lack.variant}", "interface.case", lack.words) for lack in stock.lacks]

    def begin_checking(self, case: Case[CredentialMove]) -> bool:
        """Replay the required cases at the new address."""
        saved, submission = _stock(case).saved, case.stored
        by = submission.sent_by.email if submission.sent_by else "market"
        if not saved:
            return False
        replay.start(saved, about=replay_subject(submission.pk), by=by, now=case.now, seller_id=submission.seller_id)
        return True

    def approve(self, case: Case[CredentialMove], *, by: str) -> None:
        if _stock(case).lacks:
            message = _(
                "The address, key or cases of this application changed after the replay. The seller must submit "
                "it again."
            )
            raise Refused("review.cases", message, field="replay", rule=RULE)
        move.move(_application(case), _address(case))

    def facts(self, document: CredentialMove) -> Sequence[Fact]:
        return [
            Fact(section=SECTION, field="before", label=_("Current address"), value=document.before),
            Fact(section=SECTION, field="url", label=_("New address"), value=document.url),
        ]


def _application(case: Case[CredentialMove]) -> Application:
    application = move.published_application(case.product) if case.product is not None else None
    if application is None:
        raise LookupError("a move of an application that is not published")
    return application


def _address(case: Case[CredentialMove]) -> Address:
    """Return the submitted address if its URL is unchanged. Raises ``Refused`` otherwise."""
    addresses = Address.objects.filter(
        seller=case.seller, pk=case.document.address, url=case.document.url, removed_at=None
    )
    address = addresses.first()
    if address is None:
        raise Refused("credential.address", _("This address no longer exists."), field="address")
    return address


def _stock(case: Case[CredentialMove]) -> CaseInventory:
    """Return the state of the required cases at the new address. Raises ``Refused``."""
    application = _application(case)
    base = move.check_move(application, _address(case))
    listed = listed_document(application.product) if application.product else None
    if listed is None:
        return CaseInventory((), ())
    return missing.inventory_of(base, sold_properties(listed), purpose=Purpose.SUBMIT)


def _finding(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=code, words=words, rule=RULE)


KIND = CredentialAddress()
