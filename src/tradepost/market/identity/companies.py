"""The company form and its validation (business-rules §1.4). Pure.

The document holds the input as text, because a draft also keeps invalid input. ``facts_of`` parses it once it is
valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _
from msgspec import Struct
from stdnum.cn import uscc

from tradepost.market.base import stored
from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number

from .texts import find_link, has_markup

RULE = "business-rules §1.4"
SECTION: Mapping[str, str] = {
    **dict.fromkeys(("name", "name_en", "registration_number", "founded_on", "capital", "staff", "licence"), "company"),
    **dict.fromkeys(("province", "city", "district", "street"), "address"),
    **dict.fromkeys(("website", "logo", "about", "about_en"), "presence"),
    **dict.fromkeys(
        ("contact_name", "contact_phone", "contact_email", "market_name", "market_phone", "market_email"), "contact"
    ),
    **dict.fromkeys(("service_phone", "service_email", "service_days", "service_from", "service_until"), "service"),
}
"""Field → its section of the form."""
MAX_LENGTHS: Mapping[str, int] = {
    "name": 128, "name_en": 128, "registration_number": 32, "founded_on": 10, "capital": 24, "staff": 12, "licence": 64,
    "province": 64, "city": 64, "district": 64, "street": 200, "website": 200, "logo": 64, "about": 1000, "about_en": 2000,
    "contact_name": 64, "contact_phone": 32, "contact_email": 254, "market_name": 64, "market_phone": 32,
    "market_email": 254, "service_phone": 32, "service_email": 254, "service_days": 1, "service_from": 5, "service_until": 5,
}  # fmt: skip
OPTIONAL = frozenset({"district", "market_name", "market_phone", "market_email", "licence"})
"""The kinds of submissions require the licence: a change needs a new one only for fields that it shows."""
LICENCE_FIELDS = ("name", "province", "city", "district", "street")
"""Fields whose change requires the latest licence (§1.4 'Address: as on the licence', 'Licence: latest business
licence')."""
MIN_PROFILE_LENGTH = 20
MAX_STAFF = 10_000_000
MIN_SERVICE_DAYS, MIN_SERVICE_HOURS = 5, 8
"""Support must be available for at least 5 × 8 hours."""
_PHONE = re.compile(r"\+?[0-9][0-9()\- ]{3,24}[0-9](?: ?(?:转|ext\.?|x) ?[0-9]{1,6})?", re.IGNORECASE)
_LOGIN = re.compile(r"/(?:log-?in|sign-?in|log-?on|sso|passport)(?:\.\w+)?/?$", re.IGNORECASE)


@stored.version(1)
class CompanyDocument(Struct, frozen=True, kw_only=True):
    """The company form as entered. Dates are ISO, numbers whole, times ``HH:MM``."""

    name: str = ""
    name_en: str = ""
    registration_number: str = ""
    founded_on: str = ""
    capital: str = ""
    staff: str = ""
    licence: str = ""
    """SHA-256 of the business licence, a document for operators."""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    website: str = ""
    logo: str = ""
    about: str = ""
    about_en: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    market_name: str = ""
    market_phone: str = ""
    market_email: str = ""
    service_phone: str = ""
    service_email: str = ""
    service_days: str = ""
    service_from: str = ""
    service_until: str = ""


class EntryRules(Struct, frozen=True, kw_only=True):
    """Minimum requirements for a company (settings ``entry_min_*``), and the market's own host."""

    least_staff: int
    least_days: int
    least_capital: int
    own_host: str = ""


def check_company(document: CompanyDocument, rules: EntryRules, *, today: date) -> Iterator[Finding]:
    """Yield a finding for every missing or invalid field."""
    for field in SECTION:
        value = getattr(document, field)
        if not value.strip():
            if field not in OPTIONAL:
                yield _wrong(field, "missing", _logo_missing() if field == "logo" else _("This field is required."))
        elif len(value) > MAX_LENGTHS[field]:
            length_message = _("At most %(most)s characters; these are %(number)s.")
            yield _wrong(field, "too_long", length_message % {"most": MAX_LENGTHS[field], "number": len(value)})
        elif message := _error(field, document, rules, today):
            yield _wrong(field, "wrong", message)
    yield from _service_time(document)
    yield from _market_contact(document)


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION[field], field=field, code=f"company.{field}.{code}", words=words, rule=RULE)


def _logo_missing() -> str:
    return _("Upload the company's logo.")


def _error(field: str, document: CompanyDocument, rules: EntryRules, today: date) -> str:
    """Return the error message for a field with a value; empty if it is valid."""
    value = getattr(document, field).strip()
    if field.endswith("_phone"):
        return (
            ""
            if _PHONE.fullmatch(value)
            else _("Enter a valid telephone number, for example 0755-1234 5678 or 400-800-1234.")
        )
    if field.endswith("_email"):
        return _email(value)
    if field in {"about", "about_en"}:
        return _profile(value, document)
    if field == "website":
        return _website(value, rules)
    check = _CHECKS.get(field)
    if check:
        return check(value)
    if field in {"founded_on", "capital", "staff"}:
        return _size(field, value, rules, today)
    return _no_markup() if has_markup(value) else ""


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return _("The e-mail address is not valid.")
    return ""


def _no_markup() -> str:
    return _("Plain text only, without HTML.")


def _name(value: str) -> str:
    if has_markup(value):
        return _no_markup()
    return "" if len(value) > 1 else _("Enter the name as shown on the business licence.")


def _name_en(value: str) -> str:
    if error := _name(value):
        return error
    return "" if re.search(r"[A-Za-z]", value) else _("Enter the name in Latin letters.")


def _registration_number(value: str) -> str:
    if uscc.is_valid(value):
        return ""
    return _(
        "This unified social credit code is not valid. It has 18 digits and letters, and the last one is a check "
        "character."
    )


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "name": _name,
    "name_en": _name_en,
    "registration_number": _registration_number,
}


def _size(field: str, value: str, rules: EntryRules, today: date) -> str:
    """Check age, capital and staff against the minimum requirements."""
    if field == "founded_on":
        founding_date = read_date(value)
        if founding_date is None or founding_date > today or founding_date.year < 1800:  # the earliest plausible year
            return _("Enter the date of foundation as year-month-day. It must not be in the future.")
        if (today - founding_date).days < rules.least_days:
            return _("The company must be at least %(days)s days old.") % {"days": rules.least_days}
        return ""
    number = read_number(value)
    if number is None or (field == "staff" and number > MAX_STAFF):
        return _("Enter a whole number.")
    if field == "capital" and number < rules.least_capital:
        return _("The registered capital must be at least %(least)s.") % {"least": f"{rules.least_capital:,}"}
    if field == "staff" and number < rules.least_staff:
        return _("The technical and support team must have at least %(least)s people.") % {"least": rules.least_staff}
    return ""


def _website(value: str, rules: EntryRules) -> str:
    try:
        URLValidator(schemes=["http", "https"])(value)
        parts = urlsplit(value)
    except (ValidationError, ValueError):
        return _("Enter an address that starts with http:// or https://.")
    if "@" in parts.netloc:
        return _("The address must not contain a user name.")
    if rules.own_host and (parts.hostname or "") == rules.own_host:
        return _("This is an address of this market, not the company's website.")
    if is_login_address(value):
        return _("This is a login address. Enter the company's public website.")
    return ""


def is_login_address(url: str) -> bool:
    """Return whether an address is a login page, judged by its path, because a home page may contain a login form."""
    return bool(_LOGIN.search(urlsplit(url).path))


def _profile(value: str, document: CompanyDocument) -> str:
    if has_markup(value):
        return _no_markup()
    if link := find_link(value, allowed_text=f"{document.name} {document.name_en}"):
        return _("The profile cannot contain links: remove “%(link)s”. Enter the website in its field.") % {
            "link": link
        }
    if len(value) < MIN_PROFILE_LENGTH:
        return _("Describe the company's business and strengths in at least %(n)s characters.") % {
            "n": MIN_PROFILE_LENGTH
        }
    return ""


def _service_time(document: CompanyDocument) -> Iterator[Finding]:
    begins, ends = read_time(document.service_from), read_time(document.service_until)
    if document.service_days.strip() and document.service_days not in {"5", "6", "7"}:
        yield _wrong("service_days", "wrong", _("Choose the days on which the service desk is open."))
    for field, value in (("service_from", begins), ("service_until", ends)):
        if getattr(document, field).strip() and value is None:
            yield _wrong(field, "wrong", _("Enter a time as hours and minutes, for example 09:00."))
    if begins is not None and ends is not None and hours_between(begins, ends) < MIN_SERVICE_HOURS:
        least = _("The service desk must be open at least %(days)s days a week and %(hours)s hours a day.")
        yield _wrong("service_until", "too_short", least % {"days": MIN_SERVICE_DAYS, "hours": MIN_SERVICE_HOURS})


def hours_between(begins: time, ends: time) -> float:
    """Return the hours from begin to end. Equal times mean around the clock; an end before the beginning is on the
    next day."""
    minutes = (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % (24 * 60)
    return (minutes or 24 * 60) / 60


def _market_contact(document: CompanyDocument) -> Iterator[Finding]:
    """Check the contact person at the market: name, phone and mail must all be filled or all be empty."""
    fields = ("market_name", "market_phone", "market_email")
    if any(getattr(document, field).strip() for field in fields):
        for field in fields:
            if not getattr(document, field).strip():
                yield _wrong(
                    field, "missing", _("Enter the name, phone and e-mail of your contact, or leave all three empty.")
                )


def read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def read_number(text: str) -> int | None:
    """Parse a whole number, which may have commas or spaces between groups of digits."""
    return whole_number(re.sub(r"(?<=\d)[,， ](?=\d{3})", "", text.strip()))


def read_time(text: str) -> time | None:
    if not re.fullmatch(r"\d{2}:\d{2}", text.strip()):
        return None
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        return None


class CompanyFacts(Struct, frozen=True, kw_only=True):
    """A valid document, parsed into the values of the columns."""

    of_seller: Mapping[str, str]
    of_company: Mapping[str, object]


def facts_of(document: CompanyDocument) -> CompanyFacts:
    """Parse a document. Raises ``ValueError`` if ``check_company`` finds it invalid."""
    founding_date, capital, staff = (
        read_date(document.founded_on),
        read_number(document.capital),
        read_number(document.staff),
    )
    if founding_date is None or capital is None or staff is None:
        raise ValueError("a company whose numbers do not read was not checked")
    values = {field: getattr(document, field).strip() for field in SECTION}
    market_contact = {part: values[f"market_{part}"] for part in ("name", "phone", "email") if values[f"market_{part}"]}
    plain_fields = (
        "logo", "licence", "province", "city", "district", "street", "contact_name", "contact_phone", "contact_email", "service_from",
        "service_until",
    )  # fmt: skip
    return CompanyFacts(
        of_seller={
            **{field: values[field] for field in ("name", "name_en", "website", "about", "about_en")},
            "contact_email": values["service_email"],
            "contact_phone": values["service_phone"],
        },
        of_company={
            **{field: values[field] for field in plain_fields},
            "registration_number": uscc.compact(document.registration_number),
            "founded_on": founding_date,
            "capital": capital,
            "staff": staff,
            "service_days": int(document.service_days),
            "market_contact": market_contact,
        },
    )
