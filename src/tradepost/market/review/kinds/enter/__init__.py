"""Application of a company to become a seller (business-rules §1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.cn import uscc

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity import enter
from tradepost.market.identity.companies import RULE, SECTION, CompanyDocument, check_company
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller
from tradepost.market.review.company_form import (
    LICENCE_MISSING,
    QUESTIONS_OF_ENTRY,
    SECTIONS,
    licence_of,
    logo_of,
    publish_files,
    rules_of,
)
from tradepost.market.review.contract import Case, Defaults, Item
from tradepost.market.review.website import start_website_check


class Enter(Defaults[CompanyDocument]):
    name = "enter"
    title = gettext_lazy("Entry of a company")
    document = CompanyDocument
    sections = SECTIONS
    questions = QUESTIONS_OF_ENTRY
    agreements = (Agreement.Kind.SELLER,)
    items = (
        Item(
            code="registered",
            words=gettext_lazy("The company's name and code match the public register of enterprises."),
            rule=RULE,
        ),
        Item(
            code="address",
            words=gettext_lazy("The capital, date of foundation and address match the register."),
            rule=RULE,
        ),
        Item(
            code="licence",
            words=gettext_lazy("The business licence is the latest one, and its name, code and address match."),
            rule=RULE,
        ),
        Item(
            code="website",
            words=gettext_lazy("The website belongs to the company, presents its business and is not a login page."),
            rule=RULE,
        ),
        Item(code="logo", words=gettext_lazy("The logo is complete, sharp and belongs to the company."), rule=RULE),
        Item(
            code="profile",
            words=gettext_lazy("The profile is accurate and does not direct buyers to other sites."),
            rule=RULE,
        ),
        Item(
            code="reached",
            words=gettext_lazy("The service phone and the contact phone are answered."),
            rule=RULE,
        ),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.APPLICANT:
            raise Refused("enter.entered", _("This company has entered already."))

    def blank(self, seller: Seller, *, product: Product | None) -> CompanyDocument:
        return CompanyDocument(
            contact_email=seller.contact_email, contact_phone=seller.contact_phone, service_email=seller.contact_email,
            service_days="5", service_from="09:00", service_until="18:00",
        )  # fmt: skip

    def self_check(self, case: Case[CompanyDocument]) -> Sequence[Finding]:
        today = timezone.localtime(case.now).date()
        return [
            *check_company(case.document, rules_of(case.settings), today=today),
            *logo_of(case),
            *licence_of(case, LICENCE_MISSING),
            *_check_number_free(case),
        ]

    def begin_checking(self, case: Case[CompanyDocument]) -> bool:
        """Store name and contacts: results are sent to the service mailbox and the contact of the form (§1.4 step
        5)."""
        document = case.document
        Seller.objects.filter(pk=case.seller.pk).update(
            name=document.name.strip(), name_en=document.name_en.strip(), contact_email=document.service_email.strip(),
            contact_phone=document.contact_phone.strip(),
        )  # fmt: skip
        start_website_check(case, document.website)
        return True

    def approve(self, case: Case[CompanyDocument], *, by: str) -> None:
        enter.admit(case.seller, case.document, by=by, now=case.now)
        publish_files(case.seller, case.document)


def _check_number_free(case: Case[CompanyDocument]) -> Iterator[Finding]:
    number = uscc.compact(case.document.registration_number)
    if number and enter.taken_by_another(number, case.seller):
        yield Finding(
            section=SECTION["registration_number"],
            field="registration_number",
            code="company.registration_number.taken",
            words=enter.registered_already().message,
            rule=RULE,
        )


KIND = Enter()
