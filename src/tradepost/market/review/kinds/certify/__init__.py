"""Business certification: a seller's bank account and tax data (business-rules §1.4 step 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity import certify
from tradepost.market.identity.certify import MAX_LENGTHS, RULE, SECTION, TAX_RATES, CertificationDocument
from tradepost.market.identity.company_models import Agreement, Certification, Company
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, InputKind, Item, Question, Section, TranslatedText
from tradepost.market.review.models import Submission

_RATES = tuple((rate, f"{rate} %") for rate in dict.fromkeys(rate for rates in TAX_RATES.values() for rate in rates))


def _question(
    field: str,
    label: TranslatedText,
    help: TranslatedText = "",  # noqa: A002  # the form's term
    *,
    look: InputKind = InputKind.TEXT,
    choices: tuple[tuple[str, TranslatedText], ...] = (),
    hint: str = "",
) -> Question:
    return Question(
        field=field,
        section=SECTION[field],
        label=label,
        help=help,
        look=look,
        longest=MAX_LENGTHS[field],
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
        _question("account_holder", gettext_lazy("Account holder"), gettext_lazy(
            "The registered name of the company itself.")),
        _question("bank", gettext_lazy("Bank")),
        _question("branch", gettext_lazy("Branch")),
        _question(
            "sealed_account", gettext_lazy("Account number"),
            gettext_lazy(
                "Stored encrypted. Pages show only the last four digits. Leave empty to keep the number that you "
                "entered."),
            look=InputKind.SECRET, hint="account_hint",
        ),
        _question("taxpayer", gettext_lazy("Taxpayer"), look=InputKind.CHOICE, choices=tuple(Certification.Taxpayer.choices)),
        _question("tax_rate", gettext_lazy("Tax rate"), look=InputKind.CHOICE, choices=_RATES),
        _question("finance_name", gettext_lazy("Name")),
        _question("finance_phone", gettext_lazy("Phone"), look=InputKind.PHONE),
        _question("finance_email", gettext_lazy("E-mail"), look=InputKind.EMAIL),
    )  # fmt: skip
    agreements = (Agreement.Kind.SELLER,)
    items = (
        Item(
            code="holder",
            words=gettext_lazy("The account belongs to the company; a proof from the bank was checked."),
            rule=RULE,
        ),
        Item(code="tax", words=gettext_lazy("The taxpayer type and tax rate match the tax register."), rule=RULE),
        Item(code="finance", words=gettext_lazy("The finance contact was reached."), rule=RULE),
    )

    def may_begin(self, seller: Seller, *, product: Product | None, now: datetime) -> None:
        if seller.status != Seller.Status.ACTIVE:
            raise Refused("certification.not_active", _("A company can apply for certification after it is admitted."))
        certify.check_not_locked(seller)

    def blank(self, seller: Seller, *, product: Product | None) -> CertificationDocument:
        return certify.document_of(seller) or CertificationDocument(account_holder=seller.name)

    def standing(self, seller: Seller, *, product: Product | None) -> CertificationDocument | None:
        return certify.document_of(seller)

    def seal(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        """Seal the account number; an empty input keeps the previous one."""
        account = typed.get("sealed_account", "").strip()
        values = {name: value for name, value in typed.items() if name != "sealed_account"}
        if not account:
            return values
        sealed, hint = certify.sealed_account(account)
        return {**values, "sealed_account": sealed, "account_hint": hint}

    def self_check(self, case: Case[CertificationDocument]) -> Sequence[Finding]:
        return list(certify.check_certification(case.document, company=case.seller.name))

    def approve(self, case: Case[CertificationDocument], *, by: str) -> None:
        self.may_begin(case.seller, product=None, now=case.now)
        if not Company.objects.filter(seller=case.seller).exists():
            raise Refused(
                "certification.no_company",
                _("The company's registration is missing. The company must submit it first."),
            )
        certify.certify(case.seller, case.document, now=case.now)

    def ended(self, case: Case[CertificationDocument]) -> None:
        if case.stored.status == Submission.Status.REJECTED:
            certify.count_failure(case.seller, most=case.settings.review.certify_attempts, now=case.now)


KIND = Certify()
