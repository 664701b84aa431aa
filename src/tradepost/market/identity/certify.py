"""Business certification: a seller's bank account and tax data, and whether it may publish (business-rules §1.4, 7).

The bank account number is sealed as soon as it is entered; pages show its last four digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox, stored
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import decimal_number
from tradepost.market.base.secrets import seal, unseal

from .agreements import agreements_to_accept, unpublished
from .company_models import Certification
from .events import CertificationLocked
from .models import Seller
from .texts import has_markup

RULE = "business-rules §1.4 (7)"
SECTION: Mapping[str, str] = {
    **dict.fromkeys(("account_holder", "bank", "branch", "sealed_account"), "bank"),
    **dict.fromkeys(("taxpayer", "tax_rate"), "tax"),
    **dict.fromkeys(("finance_name", "finance_phone", "finance_email"), "finance"),
}
MAX_LENGTHS: Mapping[str, int] = {
    "account_holder": 128, "bank": 128, "branch": 128, "sealed_account": 500, "taxpayer": 16, "tax_rate": 6,
    "finance_name": 64, "finance_phone": 32, "finance_email": 254,
}  # fmt: skip
TAX_RATES: Mapping[str, tuple[str, ...]] = {"general": ("13", "9", "6", "3", "0"), "small": ("3", "1", "0")}
"""Per cent that a general or a small-scale taxpayer may state."""
_ACCOUNT = re.compile(r"[0-9]{8,32}")
_PHONE = re.compile(r"\+?[0-9][0-9()\- ]{3,24}[0-9]")


@stored.version(1)
class CertificationDocument(Struct, frozen=True, kw_only=True):
    """The form as entered, except that the account number is sealed (``sealed_account``), with its last digits as a
    hint."""

    account_holder: str = ""
    bank: str = ""
    branch: str = ""
    sealed_account: str = ""
    account_hint: str = ""
    taxpayer: str = ""
    tax_rate: str = ""
    finance_name: str = ""
    finance_phone: str = ""
    finance_email: str = ""


def sealed_account(number: str) -> tuple[str, str]:
    """Return an account number in sealed form, and the hint that pages show."""
    digits = re.sub(r"[\s-]", "", number)
    return seal(digits), f"•••• {digits[-4:]}" if len(
        digits
    ) >= 8 else "••••"  # a longer hint would reveal most of a shorter number


def check_certification(document: CertificationDocument, *, company: str) -> Iterator[Finding]:
    """Yield every missing or invalid field. ``company``: the seller's registered name, which must own the account."""
    for field in SECTION:
        value = getattr(document, field).strip()
        if not value:
            yield _wrong(field, "missing", _("This field is required."))
        elif message := _error(field, value, document, company):
            yield _wrong(field, "wrong", message)


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION[field], field=field, code=f"certification.{field}.{code}", words=words, rule=RULE)


def _error(field: str, value: str, document: CertificationDocument, company: str) -> str:
    match field:
        case "sealed_account":
            return _account(value)
        case "account_holder" if _normalise_name(value) != _normalise_name(company):
            return _("The account must be in the company's own name: %(name)s.") % {"name": company}
        case "taxpayer":
            return "" if value in TAX_RATES else _("Choose one.")
        case "tax_rate":
            return _tax_rate(value, document.taxpayer)
        case "finance_phone":
            return (
                ""
                if _PHONE.fullmatch(value)
                else _("Enter a valid telephone number, for example 0755-1234 5678 or 400-800-1234.")
            )
        case "finance_email":
            return _email(value)
    return _("Plain text only, without HTML.") if has_markup(value) else ""


def _account(sealed: str) -> str:
    try:
        fits = _ACCOUNT.fullmatch(unseal(sealed))
    except ValueError:
        return _("The account number can no longer be read. Enter it again.")
    return "" if fits else _("The number of a bank account has 8 to 32 digits.")


def _tax_rate(value: str, taxpayer: str) -> str:
    rate = decimal_number(value)
    if rate is None:
        return _("Choose one.")
    allowed_rates = TAX_RATES.get(taxpayer, ())
    if allowed_rates and rate not in {Decimal(rate_text) for rate_text in allowed_rates}:
        return _("The tax rate of this kind of taxpayer must be one of: %(rates)s per cent.") % {
            "rates": ", ".join(allowed_rates)
        }
    return ""


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return _("The e-mail address is not valid.")
    return ""


def _normalise_name(name: str) -> str:
    """Normalise a name for comparison: without spaces, and with brackets of the same width."""
    return re.sub(r"\s", "", name).replace("（", "(").replace("）", ")").casefold()


def certification_of(seller: Seller) -> Certification | None:
    return Certification.objects.filter(seller=seller).first()


def document_of(seller: Seller) -> CertificationDocument | None:
    """Return the certified data, or None if the seller is not certified."""
    certification = certification_of(seller)
    if certification is None or certification.certified_at is None:
        return None
    names = (
        "account_holder", "bank", "branch", "sealed_account", "account_hint", "taxpayer", "finance_name", "finance_phone",
        "finance_email",
    )  # fmt: skip
    return CertificationDocument(
        **{name: getattr(certification, name) for name in names}, tax_rate=f"{certification.tax_rate.normalize():f}"
    )


def check_not_locked(seller: Seller) -> None:
    """Raise ``Refused`` if too many applications were rejected."""
    certification = certification_of(seller)
    if certification is not None and certification.locked_at is not None:
        raise Refused(
            "certification.locked",
            _(
                "Too many of your certification applications were refused, so you cannot apply again. Ask the "
                "operator to unlock certification."
            ),
        )


def certify(seller: Seller, document: CertificationDocument, *, now: datetime) -> None:
    """Certify the data and reset the count of rejections."""
    names = (
        "account_holder", "bank", "branch", "sealed_account", "account_hint", "taxpayer", "finance_name", "finance_phone",
        "finance_email",
    )  # fmt: skip
    facts = {name: getattr(document, name).strip() for name in names}
    Certification.objects.update_or_create(
        seller=seller,
        defaults={
            **facts,
            "tax_rate": Decimal(document.tax_rate),
            "certified_at": now,
            "failures": 0,
            "locked_at": None,
        },
    )


def count_failure(seller: Seller, *, most: int, now: datetime) -> None:
    """Count a rejected application; the ``most``-th in a row locks the certification (setting
    ``certify_attempts``)."""
    with transaction.atomic():
        certification, _created = Certification.objects.select_for_update().get_or_create(seller=seller)
        certification.failures += 1
        if certification.failures >= most and certification.locked_at is None:
            certification.locked_at = now
            outbox.publish(CertificationLocked(seller=seller.pk), now=now)
        certification.save(update_fields=["failures", "locked_at"])


def unlock(seller: Seller) -> None:
    """Accept applications again. Raises ``Refused`` if they were not locked."""
    changed_count = (
        Certification.objects.filter(seller=seller).exclude(locked_at=None).update(locked_at=None, failures=0)
    )
    if not changed_count:
        raise Refused("certification.not_locked", _("It is not locked."))


def publishing_obstacles(seller: Seller, *, now: datetime) -> list[Finding]:
    """Return why this seller may not submit products; empty if it may (§1.4, §2.3 'Preconditions').

    ``field`` names what to do: ``status``, ``certification``, or an agreement's kind."""
    return list(_reasons(seller, now))


def _reasons(seller: Seller, now: datetime) -> Iterator[Finding]:
    if seller.status != Seller.Status.ACTIVE:
        yield _precondition("status", _("Only active sellers can publish products."), "business-rules §1.1")
    certification = certification_of(seller)
    if certification is None or certification.certified_at is None:
        yield _precondition("certification", _("The business certification is missing: apply for it first."), RULE)
    for kind in unpublished(now=now):
        message = _("The market has not published its “%(agreement)s” yet. You can publish products once it has.")
        yield _precondition(kind, message % {"agreement": kind.label}, "business-rules §1.5")
    for agreement in agreements_to_accept(seller, now=now):
        message = _("Accept the current version of “%(agreement)s” first.") % {
            "agreement": agreement.get_kind_display()
        }
        yield _precondition(agreement.kind, message, "business-rules §1.5")


def _precondition(field: str, words: str, rule: str) -> Finding:
    return Finding(section="seller", field=field, code=f"publish.{field}", words=words, rule=rule)
