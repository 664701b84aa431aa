"""To whom invoices are made out: entered by a buyer, kept for the next time, checked before it reaches a seller (business-rules §6.2)."""

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
from tradepost.market.identity.texts import holds_markup, plain

from .models import InvoiceTitle

MOST = 50
"""Titles that one buyer keeps."""
PARTS = {"company_address": 200, "company_phone": 32, "bank": 100, "bank_account": 40}
"""What a special invoice needs beside name and tax number, all of them or none, and how long each may be."""


class TitleDocument(Struct, frozen=True, kw_only=True):
    """A title as it was typed."""

    kind: str
    name: str
    tax_number: str = ""
    company_address: str = ""
    company_phone: str = ""
    bank: str = ""
    bank_account: str = ""


def checked(said: TitleDocument) -> TitleDocument:
    """In the form in which it is kept. Raises ``Refused``, which names the field."""
    if said.kind not in InvoiceTitle.Kind.values:
        raise _wrong("kind", _("Choose whether it is made out to a company or to a person."))
    name = _text(said.name, "name", 100)
    if len(name) < 2:
        raise _wrong("name", _("Give the name as it is to stand on the invoice."))
    if said.kind == InvoiceTitle.Kind.PERSON:
        return TitleDocument(kind=said.kind, name=name)
    number = uscc.compact(plain(said.tax_number)[:40]).upper()
    if not uscc.is_valid(number):
        raise _wrong(
            "tax_number",
            _(
                "This is no unified social credit code: it has 18 digits and letters, and the last one is computed from the "
                "others. Look at the business licence; most likely one was mistyped."
            ),
        )
    parts = {part: _text(getattr(said, part), part, most) for part, most in PARTS.items()}
    given = [part for part in PARTS if parts[part]]
    if given and len(given) < len(PARTS):
        missing = next(part for part in PARTS if not parts[part])
        raise _wrong(missing, _("A special invoice needs all four: give this one too, or leave all of them empty."))
    return replace(said, name=name, tax_number=number, **parts)


def _text(text: str, field: str, most: int) -> str:
    text = " ".join(plain(text[:1000]).split())
    if len(text) > most:
        raise _wrong(field, _("This is too long."))
    if holds_markup(text):
        raise _wrong(field, _("Plain text only, without HTML."))
    return text


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"invoice_title.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def keep_title(buyer: User, said: TitleDocument, *, title: int | None = None, now: datetime) -> InvoiceTitle:
    """Keep a new one, or change one of the buyer's own; the same title again is the one that there is. Raises ``Refused``, and
    ``InvoiceTitle.DoesNotExist`` for another's."""
    document = checked(said)
    columns = {name: getattr(document, name) for name in ("kind", "name", "tax_number", *PARTS)}
    own = InvoiceTitle.objects.filter(buyer=buyer)
    with transaction.atomic():
        same = own.filter(kind=document.kind, name=document.name, tax_number=document.tax_number).first()
        kept = own.get(pk=title) if title is not None else same
        if same is not None and kept is not None and same.pk != kept.pk:
            raise _wrong("name", _("You keep this title already."))
        if kept is None:
            if own.count() >= MOST:
                raise _wrong("name", _("You keep %(most)s titles: delete one first.") % {"most": MOST})
            return _created(buyer, columns, now)
        for name, value in columns.items():
            setattr(kept, name, value)
        kept.save(update_fields=list(columns))
    return kept


def _created(buyer: User, columns: dict[str, str], now: datetime) -> InvoiceTitle:
    """Two tabs that send the same keep it once."""
    try:
        with transaction.atomic():
            return InvoiceTitle.objects.create(buyer=buyer, created_at=now, **columns)
    except IntegrityError:
        return InvoiceTitle.objects.get(
            buyer=buyer, kind=columns["kind"], name=columns["name"], tax_number=columns["tax_number"]
        )


def titles_of(buyer: User) -> list[InvoiceTitle]:
    """The latest first."""
    return list(InvoiceTitle.objects.filter(buyer=buyer).order_by("-pk")[:MOST])


def delete_title(buyer: User, title: int) -> bool:
    """Whether there was such a title of this buyer. Invoices keep what stands on them."""
    deleted, _of = InvoiceTitle.objects.filter(buyer=buyer, pk=title).delete()
    return deleted > 0
