"""Business certification: a seller says where it is paid and how it is taxed (business-rules §1.4 step 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity import certify
from tradepost.market.identity.certify import LONGEST, RULE, SECTION, TAX_RATES, CertificationDocument
from tradepost.market.identity.company_models import Agreement, Certification, Company
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, Item, Look, Question, Section, Words
from tradepost.market.review.models import Submission

_RATES = tuple((rate, f"{rate} %") for rate in dict.fromkeys(rate for rates in TAX_RATES.values() for rate in rates))


def _ask(
    field: str,
    label: Words,
    help: Words = "",  # noqa: A002  # the word of the form
    *,
    look: Look = Look.TEXT,
    choices: tuple[tuple[str, Words], ...] = (),
    hint: str = "",
) -> Question:
    return Question(
        field=field,
        section=SECTION[field],
        label=label,
        help=help,
        look=look,
        longest=LONGEST[field],
        choices=choices,
        hint=hint,
    )


class Certify(Defaults[CertificationDocument]):
    name = "certify"
    title = gettext_lazy("Business certification")
    document = CertificationDocument
    sections = (
        Section(code="bank", title=gettext_lazy("Bank account")),
        Section(code="tax", title=gettext_lazy("Tax")),
        Section(code="finance", title=gettext_lazy("Finance contact")),
    )
    questions = (
        _ask("account_holder", gettext_lazy("Account holder"), gettext_lazy("The company itself, as it is registered.")),
        _ask("bank", gettext_lazy("Bank")),
        _ask("branch", gettext_lazy("Branch")),
        _ask(
            "sealed_account", gettext_lazy("Account number"),
            gettext_lazy("Kept sealed: pages show its last four digits. Leave it empty to keep the one that was typed."),
            look=Look.SECRET, hint="account_hint",
        ),
        _ask("taxpayer", gettext_lazy("Taxpayer"), look=Look.CHOICE, choices=tuple(Certification.Taxpayer.choices)),
        _ask("tax_rate", gettext_lazy("Tax rate"), look=Look.CHOICE, choices=_RATES),
        _ask("finance_name", gettext_lazy("Name")),
        _ask("finance_phone", gettext_lazy("Phone"), look=Look.PHONE),
        _ask("finance_email", gettext_lazy("E-mail"), look=Look.EMAIL),
    )  # fmt: skip
    agreements = (Agreement.Kind.SELLER,)
    items = (
        Item(
            code="holder", words=gettext_lazy("The account is the company's: a proof by the bank was seen."), rule=RULE
        ),
        Item(code="tax", words=gettext_lazy("Kind of taxpayer and rate are those of the tax register."), rule=RULE),
        Item(code="finance", words=gettext_lazy("The finance contact was reached."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.ACTIVE:
            raise Refused("certification.not_active", _("A company is certified once it is admitted."))
        certify.check_not_locked(seller)

    def blank(self, seller: Seller, *, product: Product | None) -> CertificationDocument:
        return certify.document_of(seller) or CertificationDocument(account_holder=seller.name)

    def standing(self, seller: Seller, *, product: Product | None) -> CertificationDocument | None:
        return certify.document_of(seller)

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        """An empty account number leaves the one that was typed before."""
        account = typed.get("sealed_account", "").strip()
        kept = {name: value for name, value in typed.items() if name != "sealed_account"}
        if not account:
            return kept
        sealed, hint = certify.sealed_account(account)
        return {**kept, "sealed_account": sealed, "account_hint": hint}

    def self_check(self, case: Case[CertificationDocument]) -> Sequence[Finding]:
        return list(certify.check_certification(case.document, company=case.seller.name))

    def approve(self, case: Case[CertificationDocument], *, by: str) -> None:
        self.may_begin(case.seller, product=None, now=case.now)
        if not Company.objects.filter(seller=case.seller).exists():
            raise Refused(
                "certification.no_company", _("The company's registration is not known: it must hand that in first.")
            )
        certify.certify(case.seller, case.document, now=case.now)

    def ended(self, case: Case[CertificationDocument]) -> None:
        if case.stored.status == Submission.Status.REJECTED:
            certify.count_failure(case.seller, most=case.settings.certify_attempts, now=case.now)


KIND = Certify()
