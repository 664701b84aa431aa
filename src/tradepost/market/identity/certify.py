"""Business certification: where a seller is paid and how it is taxed, and whether it may publish (business-rules §1.4, 7).

The number of a bank account is sealed from the moment it is typed; pages show its last four digits.
"""

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

from .agreements import to_accept
from .company_models import Certification
from .events import CertificationLocked
from .models import Seller
from .texts import holds_markup

RULE = "business-rules §1.4 (7)"
SECTION: Mapping[str, str] = {
    **dict.fromkeys(("account_holder", "bank", "branch", "sealed_account"), "bank"),
    **dict.fromkeys(("taxpayer", "tax_rate"), "tax"),
    **dict.fromkeys(("finance_name", "finance_phone", "finance_email"), "finance"),
}
LONGEST: Mapping[str, int] = {
    "account_holder": 128, "bank": 128, "branch": 128, "sealed_account": 500, "taxpayer": 16, "tax_rate": 6,
    "finance_name": 64, "finance_phone": 32, "finance_email": 254,
}  # fmt: skip
TAX_RATES: Mapping[str, tuple[str, ...]] = {"general": ("13", "9", "6", "3", "0"), "small": ("3", "1", "0")}
"""Per cent that a general or a small-scale taxpayer may state."""
_ACCOUNT = re.compile(r"[0-9]{8,32}")
_PHONE = re.compile(r"\+?[0-9][0-9()\- ]{3,24}[0-9]")


@stored.version(1)
class CertificationDocument(Struct, frozen=True, kw_only=True):
    """As typed, but for the account, which is sealed (``sealed_account``) and known by its last digits."""

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
    """What is kept of an account's number: sealed, and the hint that pages show."""
    digits = re.sub(r"[\s-]", "", number)
    return seal(digits), f"•••• {digits[-4:]}" if len(digits) >= 8 else "••••"  # less would tell most of it


def check_certification(said: CertificationDocument, *, company: str) -> Iterator[Finding]:
    """Everything that is missing or wrong. ``company``: the seller's registered name, in which the account must be."""
    for field in SECTION:
        value = getattr(said, field).strip()
        if not value:
            yield _wrong(field, "missing", _("This is needed."))
        elif words := _what_is_wrong(field, value, said, company):
            yield _wrong(field, "wrong", words)


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION[field], field=field, code=f"certification.{field}.{code}", words=words, rule=RULE)


def _what_is_wrong(field: str, value: str, said: CertificationDocument, company: str) -> str:
    match field:
        case "sealed_account":
            return _account(value)
        case "account_holder" if _same(value) != _same(company):
            return _("The account must be in the company's own name: %(name)s.") % {"name": company}
        case "taxpayer":
            return "" if value in TAX_RATES else _("Choose one.")
        case "tax_rate":
            return _tax_rate(value, said.taxpayer)
        case "finance_phone":
            return (
                ""
                if _PHONE.fullmatch(value)
                else _("This is no telephone number, for example 0755-1234 5678 or 400-800-1234.")
            )
        case "finance_email":
            return _email(value)
    return _("Plain text only, without HTML.") if holds_markup(value) else ""


def _account(sealed: str) -> str:
    try:
        fits = _ACCOUNT.fullmatch(unseal(sealed))
    except ValueError:
        return _("The account's number cannot be read any more. Type it again.")
    return "" if fits else _("The number of a bank account has 8 to 32 digits.")


def _tax_rate(value: str, taxpayer: str) -> str:
    rate = decimal_number(value)
    if rate is None:
        return _("Choose one.")
    allowed = TAX_RATES.get(taxpayer, ())
    if allowed and rate not in {Decimal(each) for each in allowed}:
        return _("This kind of taxpayer states one of: %(rates)s per cent.") % {"rates": ", ".join(allowed)}
    return ""


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return _("This is no e-mail address.")
    return ""


def _same(name: str) -> str:
    """Names are compared without blanks, and with brackets of either width."""
    return re.sub(r"\s", "", name).replace("（", "(").replace("）", ")").casefold()


def certification_of(seller: Seller) -> Certification | None:
    return Certification.objects.filter(seller=seller).first()


def document_of(seller: Seller) -> CertificationDocument | None:
    """What is certified; None for nothing."""
    standing = certification_of(seller)
    if standing is None or standing.certified_at is None:
        return None
    names = (
        "account_holder", "bank", "branch", "sealed_account", "account_hint", "taxpayer", "finance_name", "finance_phone",
        "finance_email",
    )  # fmt: skip
    return CertificationDocument(
        **{name: getattr(standing, name) for name in names}, tax_rate=f"{standing.tax_rate.normalize():f}"
    )


def check_not_locked(seller: Seller) -> None:
    """Raises ``Refused`` after too many applications that were refused."""
    standing = certification_of(seller)
    if standing is not None and standing.locked_at is not None:
        raise Refused(
            "certification.locked",
            _(
                "Too many applications for certification were refused, so no further one is taken. Ask the operator to unlock it."
            ),
        )


def certify(seller: Seller, said: CertificationDocument, *, now: datetime) -> None:
    """These facts are certified from now on; refusals before are forgotten."""
    names = (
        "account_holder", "bank", "branch", "sealed_account", "account_hint", "taxpayer", "finance_name", "finance_phone",
        "finance_email",
    )  # fmt: skip
    facts = {name: getattr(said, name).strip() for name in names}
    Certification.objects.update_or_create(
        seller=seller,
        defaults={**facts, "tax_rate": Decimal(said.tax_rate), "certified_at": now, "failures": 0, "locked_at": None},
    )


def count_failure(seller: Seller, *, most: int, now: datetime) -> None:
    """An application was refused; the ``most``-th in a row locks (setting ``certify_attempts``)."""
    with transaction.atomic():
        standing, _new = Certification.objects.select_for_update().get_or_create(seller=seller)
        standing.failures += 1
        if standing.failures >= most and standing.locked_at is None:
            standing.locked_at = now
            outbox.publish(CertificationLocked(seller=seller.pk), now=now)
        standing.save(update_fields=["failures", "locked_at"])


def unlock(seller: Seller) -> None:
    """Applications are taken again. Raises ``Refused`` when none was locked."""
    changed = Certification.objects.filter(seller=seller).exclude(locked_at=None).update(locked_at=None, failures=0)
    if not changed:
        raise Refused("certification.not_locked", _("It is not locked."))


def may_publish(seller: Seller, *, now: datetime) -> list[Finding]:
    """Why this seller may hand in no product; empty when it may (§1.4, §2.3 'Preconditions'). Fields name what to do:
    ``status``, ``certification``, or an agreement's kind."""
    return list(_reasons(seller, now))


def _reasons(seller: Seller, now: datetime) -> Iterator[Finding]:
    if seller.status != Seller.Status.ACTIVE:
        yield _before("status", _("Only an active seller publishes products."), "business-rules §1.1")
    standing = certification_of(seller)
    if standing is None or standing.certified_at is None:
        yield _before("certification", _("The business certification is missing: apply for it first."), RULE)
    for agreement in to_accept(seller, now=now):
        said = _("Accept the current version of “%(agreement)s” first.") % {"agreement": agreement.get_kind_display()}
        yield _before(agreement.kind, said, "business-rules §1.5")


def _before(field: str, words: str, rule: str) -> Finding:
    return Finding(section="seller", field=field, code=f"publish.{field}", words=words, rule=rule)
