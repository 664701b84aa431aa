"""Titles of invoices: entered and saved by buyers, and checked before sellers see them (business-rules §6.2)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct
from stdnum.cn import uscc

from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.models import User
from tradepost.market.identity.texts import has_markup, plain

from .models import InvoiceTitle

MAX_TITLES = 50
"""Saved titles per buyer."""
PARTS = {"company_address": 200, "company_phone": 32, "bank": 100, "bank_account": 40}
"""Additional fields of a special invoice, all or none, with their maximum lengths."""


class TitleDocument(Struct, frozen=True, kw_only=True):
    """A title as entered."""

    kind: str
    name: str
    tax_number: str = ""
    company_address: str = ""
    company_phone: str = ""
    bank: str = ""
    bank_account: str = ""


def checked(title: TitleDocument) -> TitleDocument:
    """Return the normalized title. Raises ``Refused`` with the field."""
    if title.kind not in InvoiceTitle.Kind.values:
        raise _invalid("kind", _("Choose whether the invoice is for a company or a person."))
    name = _text(title.name, "name", 100)
    if len(name) < 2:
        raise _invalid("name", _("Enter the name to show on the invoice."))
    if title.kind == InvoiceTitle.Kind.PERSON:
        return TitleDocument(kind=title.kind, name=name)
    number = uscc.compact(plain(title.tax_number)[:40]).upper()
    if not uscc.is_valid(number):
        raise _invalid(
            "tax_number",
            _(
                "This unified social credit code is not valid. It has 18 digits and letters, and the last one is "
                "a check character. Compare the code with the business licence."
            ),
        )
    parts = {part: _text(getattr(title, part), part, max_length) for part, max_length in PARTS.items()}
    filled_parts = [part for part in PARTS if parts[part]]
    if filled_parts and len(filled_parts) < len(PARTS):
        missing_part = next(part for part in PARTS if not parts[part])
        raise _invalid(
            missing_part,
            _("A special invoice requires all four fields. Fill in this field too, or leave all four empty."),
        )
    return replace(title, name=name, tax_number=number, **parts)


def _text(text: str, field: str, max_length: int) -> str:
    text = " ".join(plain(text[:1000]).split())
    if len(text) > max_length:
        raise _invalid(field, _("This is too long."))
    if has_markup(text):
        raise _invalid(field, _("Plain text only, without HTML."))
    return text


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"invoice_title.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def save_title(buyer: User, entered: TitleDocument, *, title: int | None = None, now: datetime) -> InvoiceTitle:
    """Save a new title, or change one of the buyer's. Saving the same title again returns it. Raises ``Refused``, and
    ``InvoiceTitle.DoesNotExist`` for another buyer's."""
    document = checked(entered)
    columns = {name: getattr(document, name) for name in ("kind", "name", "tax_number", *PARTS)}
    titles = InvoiceTitle.objects.filter(buyer=buyer)
    with transaction.atomic():
        same_title = titles.filter(kind=document.kind, name=document.name, tax_number=document.tax_number).first()
        saved_title = titles.get(pk=title) if title is not None else same_title
        if same_title is not None and saved_title is not None and same_title.pk != saved_title.pk:
            raise _invalid("name", _("You have already saved this title."))
        if saved_title is None:
            if titles.count() >= MAX_TITLES:
                raise _invalid(
                    "name", _("You have saved the maximum of %(most)s titles. Delete one first.") % {"most": MAX_TITLES}
                )
            return _created(buyer, columns, now)
        for name, value in columns.items():
            setattr(saved_title, name, value)
        saved_title.save(update_fields=list(columns))
    return saved_title


def _created(buyer: User, columns: dict[str, str], now: datetime) -> InvoiceTitle:
    """Create the title once, even if two tabs send it."""
    try:
        with transaction.atomic():
            return InvoiceTitle.objects.create(buyer=buyer, created_at=now, **columns)
    except IntegrityError:
        return InvoiceTitle.objects.get(
            buyer=buyer, kind=columns["kind"], name=columns["name"], tax_number=columns["tax_number"]
        )


def titles_of(buyer: User) -> list[InvoiceTitle]:
    """Return the titles, latest first."""
    return list(InvoiceTitle.objects.filter(buyer=buyer).order_by("-pk")[:MAX_TITLES])


def delete_title(buyer: User, title: int) -> bool:
    """Delete the title and return whether it existed. Invoices keep their copies."""
    deleted_count, _of = InvoiceTitle.objects.filter(buyer=buyer, pk=title).delete()
    return deleted_count > 0
