"""Where an invoice goes: a mail address for a file, a name, telephone and address for a parcel (business-rules §6.2). Pure."""

from __future__ import annotations

from http import HTTPStatus

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.texts import holds_markup, plain

from .models import InvoiceType

HOME = "CN"
"""The country of a number that is written without one."""


class InvoiceReceiver(Struct, frozen=True, kw_only=True):
    """As it was typed, or as it is kept."""

    email: str = ""
    name: str = ""
    phone: str = ""
    address: str = ""


def checked(said: InvoiceReceiver, kind: InvoiceType) -> InvoiceReceiver:
    """In the form in which it is kept: the telephone as +8613800000000. Raises ``Refused``, which names the field."""
    email, phone = plain(said.email[:400]).strip(), _phone(said.phone)
    _check_email(email, required=not kind.on_paper)
    if not phone and (said.phone.strip() or kind.on_paper):
        raise _wrong("phone", _("This is no telephone number, for example 138 0013 8000 or 0755-1234 5678."))
    if not kind.on_paper:
        return InvoiceReceiver(email=email, phone=phone)
    name, address = _line(said.name, "name", 60), _line(said.address, "address", 200)
    if not name:
        raise _wrong("name", _("Say who receives the parcel."))
    if len(address) < 5:
        raise _wrong("address", _("Give the whole address: province, city, street, house."))
    return InvoiceReceiver(email=email, name=name, phone=phone, address=address)


def _check_email(email: str, *, required: bool) -> None:
    if not email and required:
        raise _wrong("email", _("Give the address to which the invoice is sent."))
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise _wrong("email", _("This is no e-mail address.")) from None


def _phone(written: str) -> str:
    """In the standard form; empty for what is no number that exists."""
    if not written.strip() or len(written) > 32:
        return ""
    try:
        number = phonenumbers.parse(plain(written), HOME)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _line(text: str, field: str, most: int) -> str:
    text = " ".join(plain(text[:1000]).split())
    if len(text) > most:
        raise _wrong(field, _("This is too long."))
    if holds_markup(text):
        raise _wrong(field, _("Plain text only, without HTML."))
    return text


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"invoice_receiver.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
