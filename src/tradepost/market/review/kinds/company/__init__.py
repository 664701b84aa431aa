"""Change of a company's data; the current data stays until the approval (business-rules §1.4 'Info change')."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.cn import uscc

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog import shelf
from tradepost.market.catalog.models import Product
from tradepost.market.identity import enter
from tradepost.market.identity.companies import RULE, SECTION, CompanyDocument, check_company
from tradepost.market.identity.company_models import Agreement, Company
from tradepost.market.identity.models import Seller
from tradepost.market.review.company_form import (
    QUESTIONS,
    SECTIONS,
    latest_licence_of,
    logo_of,
    publish_files,
    rules_of,
)
from tradepost.market.review.contract import Case, Defaults, Item
from tradepost.market.review.website import start_website_check

LICENCE = Item(
    code="licence",
    words=gettext_lazy("The new business licence is the latest one, and its name, code and address match."),
    rule=RULE,
)


class ChangeCompany(Defaults[CompanyDocument]):
    name = "company"
    title = gettext_lazy("Change of company information")
    document = CompanyDocument
    sections = SECTIONS
    questions = QUESTIONS
    agreements = (Agreement.Kind.SELLER,)
    items = (
        Item(
            code="entity",
            words=gettext_lazy("The legal entity is unchanged: the new name belongs to the same registration code."),
            rule=RULE,
        ),
        Item(
            code="proven",
            words=gettext_lazy("The changes were verified in the register, on the website or by phone."),
            rule=RULE,
        ),
    )

    def checklist(self, case: Case[CompanyDocument]) -> Sequence[Item]:
        current_licence = Company.objects.filter(seller=case.seller).values_list("licence", flat=True).first()
        return self.items if case.document.licence in {"", current_licence} else (*self.items, LICENCE)

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.ACTIVE:
            raise Refused("company.not_active", _("Only active sellers can change their company information."))

    def blank(self, seller: Seller, *, product: Product | None) -> CompanyDocument:
        return enter.document_of(seller)

    def standing(self, seller: Seller, *, product: Product | None) -> CompanyDocument:
        return enter.document_of(seller)

    def self_check(self, case: Case[CompanyDocument]) -> Sequence[Finding]:
        today = timezone.localtime(case.now).date()
        return [
            *check_company(case.document, rules_of(case.settings), today=today),
            *logo_of(case),
            *latest_licence_of(case, enter.document_of(case.seller)),
            *_check_entity(case),
            *_check_changed(case),
        ]

    def begin_checking(self, case: Case[CompanyDocument]) -> bool:
        """Check the website if its address changes."""
        if case.document.website.strip() == case.seller.website:
            return False
        start_website_check(case, case.document.website)
        return True

    def approve(self, case: Case[CompanyDocument], *, by: str) -> None:
        self.may_begin(case.seller, product=None, now=case.now)
        names = case.seller.name, case.seller.name_en
        enter.change_company(case.seller, case.document, now=case.now)
        if (case.seller.name, case.seller.name_en) != names:
            shelf.refresh_seller(case.seller.pk)
        publish_files(case.seller, case.document)


def _check_entity(case: Case[CompanyDocument]) -> Iterator[Finding]:
    number = uscc.compact(case.document.registration_number)
    current_number = Company.objects.filter(seller=case.seller).values_list("registration_number", flat=True).first()
    if current_number and number != current_number:
        yield _number_finding("company.registration_number.entity", enter.another_entity().message)
    elif not current_number and enter.taken_by_another(number, case.seller):
        yield _number_finding("company.registration_number.taken", enter.registered_already().message)


def _number_finding(code: str, words: str) -> Finding:
    field = "registration_number"
    return Finding(section=SECTION[field], field=field, code=code, words=words, rule=RULE)


def _check_changed(case: Case[CompanyDocument]) -> Iterator[Finding]:
    if case.document == enter.document_of(case.seller):
        yield Finding(
            section="company", field="", code="company.unchanged", rule=RULE,
            words=_("Nothing differs from the current information, so there is nothing to review."),
        )  # fmt: skip


KIND = ChangeCompany()
