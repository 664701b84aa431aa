"""The form for the entry of a company and for changes to its data (business-rules §1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.assets.models import Picture
from tradepost.market.assets.pictures import find_picture, use_pictures
from tradepost.market.assets.proofs import find_proof, use_proofs
from tradepost.market.base.config import Config
from tradepost.market.base.findings import Finding
from tradepost.market.base.values import replace
from tradepost.market.identity.companies import (
    LICENCE_FIELDS,
    MAX_LENGTHS,
    OPTIONAL,
    RULE,
    SECTION,
    CompanyDocument,
    EntryRules,
)
from tradepost.market.identity.models import Seller

from .contract import Case, InputKind, Question, Section, TranslatedText

SECTIONS = (
    Section(code="company", title=_("Registration")),
    Section(code="address", title=_("Registered address")),
    Section(code="presence", title=_("Public profile")),
    Section(code="contact", title=_("Contact person")),
    Section(code="service", title=_("Service desk")),
)
DAYS: tuple[tuple[str, TranslatedText], ...] = (
    ("5", _("Monday to Friday")),
    ("6", _("Monday to Saturday")),
    ("7", _("Every day")),
)


def _question(
    field: str,
    label: TranslatedText,
    help: TranslatedText = "",  # noqa: A002  # the form's term
    look: InputKind = InputKind.TEXT,
    *,
    choices: tuple[tuple[str, TranslatedText], ...] = (),
) -> Question:
    return Question(
        field=field, section=SECTION[field], label=label, help=help, look=look, longest=MAX_LENGTHS[field], choices=choices,
        required=field not in OPTIONAL,
    )  # fmt: skip


QUESTIONS = (
    _question("name", _("Chinese name"), _("As shown on the business licence.")),
    _question("name_en", _("English name")),
    _question(
        "registration_number",
        _("Unified social credit code"),
        _("18 digits and letters of the business licence. A company enters once; the code cannot change later."),
    ),
    _question("founded_on", _("Founded on"), look=InputKind.DATE),
    _question("capital", _("Registered capital in yuan"), _("In whole yuan."), InputKind.NUMBER),
    _question("staff", _("Technical and support staff"), _("Number of people."), InputKind.NUMBER),
    _question(
        "licence",
        _("Business licence"),
        _("Required when the name or the address changes: the latest licence, complete and legible."),
        InputKind.PROOF,
    ),
    _question("province", _("Province")),
    _question("city", _("City")),
    _question("district", _("District")),
    _question("street", _("Street and number"), _("As on the business licence. It is not shown to buyers.")),
    _question(
        "website",
        _("Website"),
        _("Starts with http:// or https:// and opens without signing in. The market checks whether it responds."),
        InputKind.URL,
    ),
    _question("logo", _("Logo"), _("JPG or PNG, at most 5 MB. Recommended size: 168 × 70 pixels."), InputKind.PICTURE),
    _question(
        "about",
        _("Profile in Chinese"),
        _("The company's business and strengths. Plain text without links."),
        InputKind.LONG,
    ),
    _question("about_en", _("Profile in English"), look=InputKind.LONG),
    _question("contact_name", _("Contact person"), _("For the operator of this market; buyers do not see it.")),
    _question("contact_phone", _("Contact phone"), look=InputKind.PHONE),
    _question("contact_email", _("Contact e-mail"), look=InputKind.EMAIL),
    _question(
        "market_name",
        _("Your contact at this market"),
        _("If you have a contact here, enter the name, phone and e-mail."),
    ),
    _question("market_phone", _("Phone of that contact"), look=InputKind.PHONE),
    _question("market_email", _("E-mail of that contact"), look=InputKind.EMAIL),
    _question(
        "service_phone",
        _("Service phone"),
        _(
            "Shown on product pages. Answer buyers within 24 hours; products are delisted after more than two missed "
            "answers."
        ),
        InputKind.PHONE,
    ),
    _question(
        "service_email", _("Service e-mail"), _("Review results are also sent to this address."), InputKind.EMAIL
    ),
    _question("service_days", _("Service days"), look=InputKind.CHOICE, choices=DAYS),
    _question("service_from", _("Service from"), _("For example 09:00."), InputKind.TIME),
    _question(
        "service_until",
        _("Service until"),
        _("At least 8 hours a day. For 24-hour service, enter the same start and end time."),
        InputKind.TIME,
    ),
)


_LICENCE_OF_ENTRY: dict[str, Any] = {
    "required": True,
    "help": _("The latest licence, complete and legible: a scan or photograph of the original."),
}
QUESTIONS_OF_ENTRY = tuple(
    replace(question, **_LICENCE_OF_ENTRY) if question.field == "licence" else question for question in QUESTIONS
)


def rules_of(settings: Config) -> EntryRules:
    return EntryRules(
        least_staff=settings.review.entry_min_staff,
        least_days=settings.review.entry_min_days,
        least_capital=settings.review.entry_min_capital,
        own_host="" if settings.sandbox else urlsplit(settings.base_url).hostname or "",
    )


def publish_files(seller: Seller, document: CompanyDocument) -> None:
    """Make the company's logo public, and keep its licence for operators and the seller."""
    use_pictures(f"seller:{seller.pk}", {document.logo} - {""}, seller=seller, visible=True)
    use_proofs(f"seller:{seller.pk}", {document.licence} - {""}, seller=seller)


def logo_of(case: Case[CompanyDocument]) -> Iterator[Finding]:
    """Check that the logo is a picture that this seller uploaded; the upload validated it (``assets``)."""
    logo = case.document.logo
    if logo and find_picture(logo, seller=case.seller, purpose=Picture.Purpose.COMPANY_LOGO) is None:
        yield Finding(
            section=SECTION["logo"], field="logo", code="company.logo.gone", rule=RULE,
            words=gettext("The picture no longer exists. Upload it again."),
        )  # fmt: skip


LICENCE_MISSING = _("Upload the latest business licence.")


def licence_of(case: Case[CompanyDocument], missing: TranslatedText = "") -> Iterator[Finding]:
    """Check that the licence is a document that this seller uploaded. ``missing``: the message if there is none;
    empty if it is optional."""
    licence = case.document.licence
    if licence and find_proof(licence, seller=case.seller) is None:
        yield _licence("gone", gettext("The document no longer exists. Upload it again."))
    elif not licence and missing:
        yield _licence("missing", str(missing))


def latest_licence_of(case: Case[CompanyDocument], current: CompanyDocument) -> Iterator[Finding]:
    """Check that a change of data on the licence comes with a new licence."""
    document = case.document
    if not current.registration_number:  # a seller older than company forms has no stored data
        yield from licence_of(case, LICENCE_MISSING)
        return
    is_changed = any(getattr(document, field).strip() != getattr(current, field).strip() for field in LICENCE_FIELDS)
    message = (
        _("The name or the address changes. Upload the latest business licence that shows the new details.")
        if is_changed
        else ""
    )
    if is_changed and document.licence and document.licence == current.licence:
        yield _licence("outdated", str(message))
    else:
        yield from licence_of(case, message)


def _licence(code: str, words: str) -> Finding:
    return Finding(section=SECTION["licence"], field="licence", code=f"company.licence.{code}", words=words, rule=RULE)
