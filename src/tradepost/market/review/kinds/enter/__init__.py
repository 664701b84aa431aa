"""A company asks to become a seller (business-rules §1.4)."""

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
    keep_files,
    licence_of,
    logo_of,
    rules_of,
)
from tradepost.market.review.contract import Case, Defaults, Item
from tradepost.market.review.website import ask_website


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
            words=gettext_lazy("The company exists under this name and code, in the public register of enterprises."),
            rule=RULE,
        ),
        Item(
            code="address",
            words=gettext_lazy("Capital, day of foundation and address are those of the register."),
            rule=RULE,
        ),
        Item(
            code="licence",
            words=gettext_lazy("The business licence is the latest one; name, code and address are those on it."),
            rule=RULE,
        ),
        Item(
            code="website",
            words=gettext_lazy("The website is the company's own and shows what it does; it is no login page."),
            rule=RULE,
        ),
        Item(code="logo", words=gettext_lazy("The logo is whole, sharp and the company's own."), rule=RULE),
        Item(code="profile", words=gettext_lazy("The profile is true and leads nowhere else."), rule=RULE),
        Item(
            code="reached",
            words=gettext_lazy("Somebody answers at the service phone and at the contact phone."),
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
            *_taken(case),
        ]

    def begin_checking(self, case: Case[CompanyDocument]) -> bool:
        """Results go to the service mailbox and the contact of the form (§1.4 step 5): from now on they are known."""
        said = case.document
        Seller.objects.filter(pk=case.seller.pk).update(
            name=said.name.strip(), name_en=said.name_en.strip(), contact_email=said.service_email.strip(),
            contact_phone=said.contact_phone.strip(),
        )  # fmt: skip
        ask_website(case, said.website)
        return True

    def approve(self, case: Case[CompanyDocument], *, by: str) -> None:
        enter.admit(case.seller, case.document, by=by, now=case.now)
        keep_files(case.seller, case.document)


def _taken(case: Case[CompanyDocument]) -> Iterator[Finding]:
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
