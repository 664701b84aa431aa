"""Receiver of an invoice: e-mail address for a file; name, telephone and address for a parcel (business-rules §6.2).
Pure functions."""

from __future__ import annotations

from http import HTTPStatus

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.texts import has_markup, plain

from .models import InvoiceType

DEFAULT_COUNTRY = "CN"
"""Country of a number without a prefix."""


class InvoiceReceiver(Struct, frozen=True, kw_only=True):
    """As entered, or as stored."""

    email: str = ""
    name: str = ""
    phone: str = ""
    address: str = ""


def checked(receiver: InvoiceReceiver, kind: InvoiceType) -> InvoiceReceiver:
    """Return the normalized receiver, with the telephone in E.164 format. Raises ``Refused`` with the field."""
    email, phone = plain(receiver.email[:400]).strip(), _phone(receiver.phone)
    _check_email(email, required=not kind.on_paper)
    if not phone and (receiver.phone.strip() or kind.on_paper):
        raise _invalid("phone", _("Enter a valid telephone number, for example 138 0013 8000 or 0755-1234 5678."))
    if not kind.on_paper:
        return InvoiceReceiver(email=email, phone=phone)
    name, address = _line(receiver.name, "name", 60), _line(receiver.address, "address", 200)
    if not name:
        raise _invalid("name", _("Enter the recipient."))
    if len(address) < 5:
        raise _invalid("address", _("Enter the full address: province, city, street and house number."))
    return InvoiceReceiver(email=email, name=name, phone=phone, address=address)


def _check_email(email: str, *, required: bool) -> None:
    if not email and required:
        raise _invalid("email", _("Enter the email address that receives the invoice."))
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise _invalid("email", _("The e-mail address is not valid.")) from None


def _phone(written_phone: str) -> str:
    """Return the number in E.164 format; empty for an invalid number."""
    if not written_phone.strip() or len(written_phone) > 32:
        return ""
    try:
        number = phonenumbers.parse(plain(written_phone), DEFAULT_COUNTRY)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _line(text: str, field: str, max_length: int) -> str:
    text = " ".join(plain(text[:1000]).split())
    if len(text) > max_length:
        raise _invalid(field, _("This is too long."))
    if has_markup(text):
        raise _invalid(field, _("Plain text only, without HTML."))
    return text


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"invoice_receiver.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
