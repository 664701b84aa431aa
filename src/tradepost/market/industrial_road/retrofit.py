"""A seller answers the checklist of the access standard; an operator who reviews the product may hold it to its answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller
from tradepost.market.identity.texts import holds_markup
from tradepost.market.product_types.roads.industrial import ITEMS, Item

from .models import LONGEST_NOTE, RetrofitAnswer

Says = RetrofitAnswer.Says
SETTLED = frozenset({Says.MET, Says.NOT_NEEDED})


class Said(Struct, frozen=True, kw_only=True):
    """``says``: a value of ``RetrofitAnswer.Says``, empty for not answered; ``note``: why, where it does not apply."""

    says: str
    note: str = ""


class AnswersRefused(Refused):
    """``errors``: words by the code of the item."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        field, words = next(iter(errors.items()))
        super().__init__("road.answers", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def answers_of(seller: Seller) -> dict[str, RetrofitAnswer]:
    """By item; what the standard no longer asks is left out."""
    rows = RetrofitAnswer.objects.filter(seller=seller, item__in=ITEMS)
    return {row.item: row for row in rows}


def answer(seller: Seller, said: Mapping[str, Said], *, by: str, now: datetime) -> None:
    """Keep what was said of these items; who changed an answer and when stands beside it. Raises ``AnswersRefused``, and nothing
    was changed then."""
    checked = {code: _checked(ITEMS[code], one) for code, one in said.items() if code in ITEMS}
    errors = {code: one for code, one in checked.items() if isinstance(one, str)}
    if errors:
        raise AnswersRefused(errors)
    with transaction.atomic():
        Seller.objects.select_for_update(of=("self",)).get(pk=seller.pk)
        before = answers_of(seller)
        for code, one in checked.items():
            assert isinstance(one, Said)
            was = before.get(code)
            if (was.says, was.note) == (one.says, one.note) if was else not one.says:
                continue
            if not one.says:
                RetrofitAnswer.objects.filter(seller=seller, item=code).delete()
                continue
            made = RetrofitAnswer(seller=seller, item=code, says=one.says, note=one.note, by=by, at=now)
            RetrofitAnswer.objects.bulk_create(
                [made],
                update_conflicts=True,
                unique_fields=["seller", "item"],
                update_fields=["says", "note", "by", "at"],
            )


def _checked(item: Item, said: Said) -> Said | str:
    """As it is kept, or what is wrong with it."""
    note = " ".join(said.note[:1000].replace("\0", " ").split())
    if len(note) > LONGEST_NOTE or holds_markup(note):
        return _("Plain text of at most %(most)s characters.") % {"most": LONGEST_NOTE}
    if said.says not in {"", *Says.values}:
        return _("Choose one of the answers.")
    if said.says == Says.NOT_NEEDED and not item.optional:
        return _("The access standard asks this of every software: it can be done or not yet.")
    if said.says == Says.NOT_NEEDED and not note:
        return _("Say why it does not apply to your software: whoever reviews it reads this.")
    return Said(says=said.says, note=note)
