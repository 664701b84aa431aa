"""A seller answers the checklist of the access standard, which operators use when they review the product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller
from tradepost.market.identity.texts import has_markup
from tradepost.market.product_types.roads.industrial import ITEMS, Item

from .models import MAX_NOTE_LENGTH, RetrofitAnswer

AnswerValue = RetrofitAnswer.Says
SETTLED = frozenset({AnswerValue.MET, AnswerValue.NOT_NEEDED})


class ItemAnswer(Struct, frozen=True, kw_only=True):
    """An answer. ``says``: a value of ``RetrofitAnswer.Says``, empty if not answered; ``note``: why the item does not
    apply."""

    says: str
    note: str = ""


class AnswersRefused(Refused):
    """Invalid answers. ``errors``: messages by the code of the item."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        field, message = next(iter(errors.items()))
        super().__init__("road.answers", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def answers_of(seller: Seller) -> dict[str, RetrofitAnswer]:
    """Return the answers by item, without items that are no longer in the standard."""
    rows = RetrofitAnswer.objects.filter(seller=seller, item__in=ITEMS)
    return {row.item: row for row in rows}


def answer(seller: Seller, answers: Mapping[str, ItemAnswer], *, by: str, now: datetime) -> None:
    """Store the answers to these items, with author and time of each change. Raises ``AnswersRefused`` without a
    change if any is invalid."""
    checked_answers = {
        code: _checked(ITEMS[code], checked_answer) for code, checked_answer in answers.items() if code in ITEMS
    }
    errors = {
        code: checked_answer for code, checked_answer in checked_answers.items() if isinstance(checked_answer, str)
    }
    if errors:
        raise AnswersRefused(errors)
    with transaction.atomic():
        Seller.objects.select_for_update(of=("self",)).get(pk=seller.pk)
        before = answers_of(seller)
        for code, checked_answer in checked_answers.items():
            assert isinstance(checked_answer, ItemAnswer)
            earlier_answer = before.get(code)
            if (
                (earlier_answer.says, earlier_answer.note) == (checked_answer.says, checked_answer.note)
                if earlier_answer
                else not checked_answer.says
            ):
                continue
            if not checked_answer.says:
                RetrofitAnswer.objects.filter(seller=seller, item=code).delete()
                continue
            row = RetrofitAnswer(
                seller=seller, item=code, says=checked_answer.says, note=checked_answer.note, by=by, at=now
            )
            RetrofitAnswer.objects.bulk_create(
                [row],
                update_conflicts=True,
                unique_fields=["seller", "item"],
                update_fields=["says", "note", "by", "at"],
            )


def _checked(item: Item, item_answer: ItemAnswer) -> ItemAnswer | str:
    """Return the normalised answer, or an error message."""
    note = " ".join(item_answer.note[:1000].replace("\0", " ").split())
    if len(note) > MAX_NOTE_LENGTH or has_markup(note):
        return _("Plain text of at most %(most)s characters.") % {"most": MAX_NOTE_LENGTH}
    if item_answer.says not in {"", *AnswerValue.values}:
        return _("Choose one of the answers.")
    if item_answer.says == AnswerValue.NOT_NEEDED and not item.optional:
        return _("The access standard requires this of all software. Choose “Done” or “Not yet”.")
    if item_answer.says == AnswerValue.NOT_NEEDED and not note:
        return _("Explain why it does not apply to your software. The reviewer reads this.")
    return ItemAnswer(says=item_answer.says, note=note)
