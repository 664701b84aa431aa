"""What is asked of a company, at its entry and when something about it changes (business-rules §1.4)."""

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
    LONGEST,
    ON_THE_LICENCE,
    OPTIONAL,
    RULE,
    SECTION,
    CompanyDocument,
    EntryRules,
)
from tradepost.market.identity.models import Seller

from .contract import Case, Look, Question, Section, Words

SECTIONS = (
    Section(code="company", title=_("Registration")),
    Section(code="address", title=_("Registered address")),
    Section(code="presence", title=_("How buyers see it")),
    Section(code="contact", title=_("Who speaks for it")),
    Section(code="service", title=_("Service desk")),
)
DAYS: tuple[tuple[str, Words], ...] = (
    ("5", _("Monday to Friday")),
    ("6", _("Monday to Saturday")),
    ("7", _("Every day")),
)


def _ask(
    field: str,
    label: Words,
    help: Words = "",  # noqa: A002  # the word of the form
    look: Look = Look.TEXT,
    *,
    choices: tuple[tuple[str, Words], ...] = (),
) -> Question:
    return Question(
        field=field, section=SECTION[field], label=label, help=help, look=look, longest=LONGEST[field], choices=choices,
        required=field not in OPTIONAL,
    )  # fmt: skip


QUESTIONS = (
    _ask("name", _("Chinese name"), _("As it stands on the business licence.")),
    _ask("name_en", _("English name")),
    _ask(
        "registration_number",
        _("Unified social credit code"),
        _("18 digits and letters of the business licence. A company enters once; the code cannot change later."),
    ),
    _ask("founded_on", _("Founded on"), look=Look.DATE),
    _ask("capital", _("Registered capital"), _("In whole yuan."), Look.NUMBER),
    _ask("staff", _("Technical and support team"), _("How many people."), Look.NUMBER),
    _ask(
        "licence",
        _("Business licence"),
        _("Needed when the name or the address changes: the latest one, whole and readable."),
        Look.PROOF,
    ),
    _ask("province", _("Province")),
    _ask("city", _("City")),
    _ask("district", _("District")),
    _ask("street", _("Street and number"), _("As on the business licence. It is not shown to buyers.")),
    _ask(
        "website",
        _("Website"),
        _("Starts with http:// or https:// and opens without signing in. The market looks whether it answers."),
        Look.URL,
    ),
    _ask("logo", _("Logo"), _("JPG or PNG, at most 5 MB; about 168 × 70 pixels show best."), Look.PICTURE),
    _ask(
        "about",
        _("Profile in Chinese"),
        _("What the company does and is good at. Plain text without links."),
        Look.LONG,
    ),
    _ask("about_en", _("Profile in English"), look=Look.LONG),
    _ask("contact_name", _("Contact person"), _("For the operator of this market; buyers do not see it.")),
    _ask("contact_phone", _("Contact phone"), look=Look.PHONE),
    _ask("contact_email", _("Contact e-mail"), look=Look.EMAIL),
    _ask("market_name", _("Your contact at this market"), _("If you know somebody here: name, phone and e-mail.")),
    _ask("market_phone", _("Phone of that contact"), look=Look.PHONE),
    _ask("market_email", _("E-mail of that contact"), look=Look.EMAIL),
    _ask(
        "service_phone",
        _("Service phone"),
        _("Shown on product pages. Buyers must get an answer within 24 hours; who misses more than two is delisted."),
        Look.PHONE,
    ),
    _ask("service_email", _("Service e-mail"), _("Results of reviews go there too."), Look.EMAIL),
    _ask("service_days", _("Service days"), look=Look.CHOICE, choices=DAYS),
    _ask("service_from", _("Service from"), _("For example 09:00."), Look.TIME),
    _ask(
        "service_until",
        _("Service until"),
        _("At least 8 hours a day. The same time twice means around the clock."),
        Look.TIME,
    ),
)


_LICENCE_OF_ENTRY: dict[str, Any] = {
    "required": True,
    "help": _("The latest one, whole and readable: a scan or photograph of the original."),
}
QUESTIONS_OF_ENTRY = tuple(
    replace(each, **_LICENCE_OF_ENTRY) if each.field == "licence" else each for each in QUESTIONS
)


def rules_of(settings: Config) -> EntryRules:
    return EntryRules(
        least_staff=settings.entry_min_staff,
        least_days=settings.entry_min_days,
        least_capital=settings.entry_min_capital,
        own_host="" if settings.sandbox else urlsplit(settings.base_url).hostname or "",
    )


def keep_files(seller: Seller, document: CompanyDocument) -> None:
    """From now on everybody may see the company's logo; its licence is kept, for operators and the seller."""
    use_pictures(f"seller:{seller.pk}", {document.logo} - {""}, seller=seller, visible=True)
    use_proofs(f"seller:{seller.pk}", {document.licence} - {""}, seller=seller)


def logo_of(case: Case[CompanyDocument]) -> Iterator[Finding]:
    """The logo is a picture that this seller handed in; what a picture must be was looked at then (``assets``)."""
    logo = case.document.logo
    if logo and find_picture(logo, seller=case.seller, purpose=Picture.Purpose.COMPANY_LOGO) is None:
        yield Finding(
            section=SECTION["logo"], field="logo", code="company.logo.gone", rule=RULE,
            words=gettext("The picture is not there any more: upload it again."),
        )  # fmt: skip


LICENCE_MISSING = _("Hand in the latest business licence.")


def licence_of(case: Case[CompanyDocument], missing: Words = "") -> Iterator[Finding]:
    """The licence is a document that this seller handed in. ``missing``: what is said where there is none; nothing where it
    may be left out."""
    licence = case.document.licence
    if licence and find_proof(licence, seller=case.seller) is None:
        yield _licence("gone", gettext("The document is not there any more: upload it again."))
    elif not licence and missing:
        yield _licence("missing", str(missing))


def latest_licence_of(case: Case[CompanyDocument], standing: CompanyDocument) -> Iterator[Finding]:
    """A change of what stands on the licence comes with a licence that says so; one that was handed in before does not."""
    said = case.document
    if not standing.registration_number:  # this seller was here before companies were asked about themselves
        yield from licence_of(case, LICENCE_MISSING)
        return
    changed = any(getattr(said, field).strip() != getattr(standing, field).strip() for field in ON_THE_LICENCE)
    needed = (
        _("The name or the address changes: hand in the latest business licence, on which they stand.")
        if changed
        else ""
    )
    if changed and said.licence and said.licence == standing.licence:
        yield _licence("outdated", str(needed))
    else:
        yield from licence_of(case, needed)


def _licence(code: str, words: str) -> Finding:
    return Finding(section=SECTION["licence"], field="licence", code=f"company.licence.{code}", words=words, rule=RULE)
