"""A company as it is handed in, and the rules of what is accepted (business-rules §1.4). Pure.

The document holds what was typed, as text: a draft keeps also what is wrong. ``facts_of`` reads it once nothing is.
"""

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

from .texts import holds_link, holds_markup

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
"""Field → the section of the form in which it stands."""
LONGEST: Mapping[str, int] = {
    "name": 128, "name_en": 128, "registration_number": 32, "founded_on": 10, "capital": 24, "staff": 12, "licence": 64,
    "province": 64, "city": 64, "district": 64, "street": 200, "website": 200, "logo": 64, "about": 1000, "about_en": 2000,
    "contact_name": 64, "contact_phone": 32, "contact_email": 254, "market_name": 64, "market_phone": 32,
    "market_email": 254, "service_phone": 32, "service_email": 254, "service_days": 1, "service_from": 5, "service_until": 5,
}  # fmt: skip
OPTIONAL = frozenset({"district", "market_name", "market_phone", "market_email", "licence"})
"""The licence is asked by the kinds of submissions: a change needs a new one only for what stands on it."""
ON_THE_LICENCE = ("name", "province", "city", "district", "street")
"""What a change of needs the latest licence (§1.4 'Address: as on the licence', 'Licence: latest business licence')."""
SHORTEST_PROFILE = 20
MOST_STAFF = 10_000_000
LEAST_DAYS, LEAST_HOURS = 5, 8
"""Support online for at least 5 × 8 hours."""
_PHONE = re.compile(r"\+?[0-9][0-9()\- ]{3,24}[0-9](?: ?(?:转|ext\.?|x) ?[0-9]{1,6})?", re.IGNORECASE)
_LOGIN = re.compile(r"/(?:log-?in|sign-?in|log-?on|sso|passport)(?:\.\w+)?/?$", re.IGNORECASE)


@stored.version(1)
class CompanyDocument(Struct, frozen=True, kw_only=True):
    """What a company says of itself. Dates are ISO, numbers whole, times ``HH:MM``; all as typed."""

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
    """The least that a company must be (settings ``entry_min_*``), and the market's own host."""

    least_staff: int
    least_days: int
    least_capital: int
    own_host: str = ""


def check_company(said: CompanyDocument, rules: EntryRules, *, today: date) -> Iterator[Finding]:
    """Everything that is missing or wrong, each beside its field."""
    for field in SECTION:
        value = getattr(said, field)
        if not value.strip():
            if field not in OPTIONAL:
                yield _wrong(field, "missing", _logo_missing() if field == "logo" else _("This is needed."))
        elif len(value) > LONGEST[field]:
            most = _("At most %(most)s characters; these are %(number)s.")
            yield _wrong(field, "too_long", most % {"most": LONGEST[field], "number": len(value)})
        elif words := _what_is_wrong(field, said, rules, today):
            yield _wrong(field, "wrong", words)
    yield from _service_time(said)
    yield from _market_contact(said)


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION[field], field=field, code=f"company.{field}.{code}", words=words, rule=RULE)


def _logo_missing() -> str:
    return _("Upload the company's logo.")


def _what_is_wrong(field: str, said: CompanyDocument, rules: EntryRules, today: date) -> str:
    """Words for a value that is there, or nothing."""
    value = getattr(said, field).strip()
    if field.endswith("_phone"):
        return (
            ""
            if _PHONE.fullmatch(value)
            else _("This is no telephone number, for example 0755-1234 5678 or 400-800-1234.")
        )
    if field.endswith("_email"):
        return _email(value)
    if field in {"about", "about_en"}:
        return _profile(value, said)
    if field == "website":
        return _website(value, rules)
    look = _LOOKS.get(field)
    if look:
        return look(value)
    if field in {"founded_on", "capital", "staff"}:
        return _size(field, value, rules, today)
    return _no_markup() if holds_markup(value) else ""


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return _("This is no e-mail address.")
    return ""


def _no_markup() -> str:
    return _("Plain text only, without HTML.")


def _name(value: str) -> str:
    if holds_markup(value):
        return _no_markup()
    return "" if len(value) > 1 else _("Give the name as it stands on the licence.")


def _name_en(value: str) -> str:
    if wrong := _name(value):
        return wrong
    return "" if re.search(r"[A-Za-z]", value) else _("Give the name in Latin letters.")


def _registration_number(value: str) -> str:
    if uscc.is_valid(value):
        return ""
    return _(
        "This is no unified social credit code: it has 18 digits and letters, and its last one is computed from the others."
    )


_LOOKS: Mapping[str, Callable[[str], str]] = {
    "name": _name,
    "name_en": _name_en,
    "registration_number": _registration_number,
}


def _size(field: str, value: str, rules: EntryRules, today: date) -> str:
    """How old, how rich, how many: against the least that the market takes."""
    if field == "founded_on":
        founded = read_date(value)
        if founded is None or founded > today or founded.year < 1800:  # no company of ours is older
            return _("Give the day of foundation as year-month-day, not in the future.")
        if (today - founded).days < rules.least_days:
            return _("The company must be at least %(days)s days old.") % {"days": rules.least_days}
        return ""
    number = read_number(value)
    if number is None or (field == "staff" and number > MOST_STAFF):
        return _("Give a whole number.")
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
        return _("Give an address that starts with http:// or https://.")
    if "@" in parts.netloc:
        return _("The address must not hold a user name.")
    if rules.own_host and (parts.hostname or "") == rules.own_host:
        return _("This is an address of this market, not the company's website.")
    if is_login_address(value):
        return _("This is a login address. Give the company's website, which everybody can read.")
    return ""


def is_login_address(url: str) -> bool:
    """Whether an address is one at which people sign in: by its path, since a home page may well hold a login form."""
    return bool(_LOGIN.search(urlsplit(url).path))


def _profile(value: str, said: CompanyDocument) -> str:
    if holds_markup(value):
        return _no_markup()
    if link := holds_link(value, but=f"{said.name} {said.name_en}"):
        return _("The profile must not hold links: take “%(link)s” out. The website has a field of its own.") % {
            "link": link
        }
    if len(value) < SHORTEST_PROFILE:
        return _("Say what the company does and what it is good at, in at least %(n)s characters.") % {
            "n": SHORTEST_PROFILE
        }
    return ""


def _service_time(said: CompanyDocument) -> Iterator[Finding]:
    begins, ends = read_time(said.service_from), read_time(said.service_until)
    if said.service_days.strip() and said.service_days not in {"5", "6", "7"}:
        yield _wrong("service_days", "wrong", _("Choose on which days the service desk answers."))
    for field, value in (("service_from", begins), ("service_until", ends)):
        if getattr(said, field).strip() and value is None:
            yield _wrong(field, "wrong", _("Give a time as hours and minutes, for example 09:00."))
    if begins is not None and ends is not None and hours_between(begins, ends) < LEAST_HOURS:
        least = _("The service desk must answer for at least %(days)s days a week and %(hours)s hours a day.")
        yield _wrong("service_until", "too_short", least % {"days": LEAST_DAYS, "hours": LEAST_HOURS})


def hours_between(begins: time, ends: time) -> float:
    """The same time twice means around the clock; an end before the beginning is of the next day."""
    minutes = (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % (24 * 60)
    return (minutes or 24 * 60) / 60


def _market_contact(said: CompanyDocument) -> Iterator[Finding]:
    """Whom they know here: yes → name, phone and mail; no → all empty."""
    fields = ("market_name", "market_phone", "market_email")
    if any(getattr(said, field).strip() for field in fields):
        for field in fields:
            if not getattr(said, field).strip():
                yield _wrong(
                    field, "missing", _("Give name, phone and e-mail of your contact, or leave all three empty.")
                )


def read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def read_number(text: str) -> int | None:
    """A whole number, its groups parted by commas or blanks as people write them."""
    return whole_number(re.sub(r"(?<=\d)[,， ](?=\d{3})", "", text.strip()))


def read_time(text: str) -> time | None:
    if not re.fullmatch(r"\d{2}:\d{2}", text.strip()):
        return None
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        return None


class CompanyFacts(Struct, frozen=True, kw_only=True):
    """A document that nothing is wrong with, read: what the columns hold."""

    of_seller: Mapping[str, str]
    of_company: Mapping[str, object]


def facts_of(said: CompanyDocument) -> CompanyFacts:
    """Raises ``ValueError`` for a document that ``check_company`` finds wrong."""
    founded, capital, staff = read_date(said.founded_on), read_number(said.capital), read_number(said.staff)
    if founded is None or capital is None or staff is None:
        raise ValueError("a company whose numbers do not read was not checked")
    clean = {field: getattr(said, field).strip() for field in SECTION}
    known = {part: clean[f"market_{part}"] for part in ("name", "phone", "email") if clean[f"market_{part}"]}
    plain = (
        "logo", "licence", "province", "city", "district", "street", "contact_name", "contact_phone", "contact_email", "service_from",
        "service_until",
    )  # fmt: skip
    return CompanyFacts(
        of_seller={
            **{field: clean[field] for field in ("name", "name_en", "website", "about", "about_en")},
            "contact_email": clean["service_email"],
            "contact_phone": clean["service_phone"],
        },
        of_company={
            **{field: clean[field] for field in plain},
            "registration_number": uscc.compact(said.registration_number),
            "founded_on": founded,
            "capital": capital,
            "staff": staff,
            "service_days": int(said.service_days),
            "market_contact": known,
        },
    )
