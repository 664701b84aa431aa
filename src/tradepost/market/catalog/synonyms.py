"""Manage the synonyms of the store's search: add, change and delete groups of words. A word is in at most one
group."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .models import Synonym, SynonymGroup
from .search_query import MAX_KEY_CHARACTERS, MAX_KEY_RUNS, key
from .search_terms import is_chinese
from .synonym_models import MAX_KEY_LENGTH, MAX_WORD_LENGTH

MAX_WORDS = 20
"""Maximum words of a group: a search with one of them looks for all."""
MAX_GROUPS = 2000
_SEPARATORS = re.compile(r"[\n\r,，;；、|]+")


def split(text: str) -> list[str]:
    """Return the words that an operator entered, one per line or separated by commas."""
    return [match for part in _SEPARATORS.split(text) if (match := " ".join(part.split()))]


def add(words: Iterable[str]) -> SynonymGroup:
    """Add a group. Raises ``Refused`` with the invalid word."""
    with transaction.atomic():
        if SynonymGroup.objects.count() >= MAX_GROUPS:
            raise _invalid(
                "synonym.groups", _("There are %(max)s groups already. Delete one first.") % {"max": MAX_GROUPS}
            )
        keyed = _checked(words, None)
        group = SynonymGroup.objects.create()
        _write(group, keyed)
        return group


def change(group: SynonymGroup, words: Iterable[str]) -> SynonymGroup:
    """Replace the words of a group. Raises ``Refused`` with the invalid word."""
    with transaction.atomic():
        row = _locked(group)
        keyed = _checked(words, row)
        Synonym.objects.filter(group=row).delete()
        _write(row, keyed)
        return row


def delete(group: SynonymGroup) -> None:
    with transaction.atomic():
        _locked(group).delete()


def _locked(group: SynonymGroup) -> SynonymGroup:
    row = SynonymGroup.objects.select_for_update().filter(pk=group.pk).first()
    if row is None:
        raise Refused("synonym.unknown", _("These synonyms were deleted meanwhile."), HTTPStatus.NOT_FOUND)
    return row


def _checked(words: Iterable[str], group: SynonymGroup | None) -> dict[str, str]:
    """Return key → word, without duplicates."""
    keyed: dict[str, str] = {}
    for word in words:
        _check_length(word)
        keyed.setdefault(key(word), word)
    if len(keyed) < 2:  # a single word has no synonym
        raise _invalid("synonym.few", _("Enter at least two different words."))
    if len(keyed) > MAX_WORDS:
        raise _invalid("synonym.many", _("Enter at most %(max)s words.") % {"max": MAX_WORDS})
    conflict = Synonym.objects.filter(key__in=sorted(keyed)).exclude(group=group).order_by("pk").first()
    if conflict is not None:
        raise _word_taken(conflict.word)
    return keyed


def _check_length(word: str) -> None:
    """Check the length of a word: searches recognise words up to a limit, so a longer one would have no effect."""
    word_key = key(word)
    parts = word_key.split()
    if not parts:
        raise _invalid("synonym.empty", _("“%(word)s” has no letters or digits.") % {"word": word})
    if (
        max(len(word) - MAX_WORD_LENGTH, len(word_key) - MAX_KEY_LENGTH) > 0
        or len(parts) > MAX_KEY_RUNS
        or any(_too_long(part) for part in parts)
    ):
        message = _("“%(word)s” is too long. Enter at most %(characters)s Chinese characters or %(words)s words.")
        values = {"word": word, "characters": MAX_KEY_CHARACTERS, "words": MAX_KEY_RUNS}
        raise _invalid("synonym.long", message % values)


def _too_long(part: str) -> bool:
    return is_chinese(part) and len(part) > MAX_KEY_CHARACTERS


def _write(group: SynonymGroup, keyed: dict[str, str]) -> None:
    try:
        with transaction.atomic():
            Synonym.objects.bulk_create(
                Synonym(group=group, word=word, key=word_key) for word_key, word in keyed.items()
            )
    except IntegrityError:  # another operator added one of the words meanwhile
        conflict = Synonym.objects.filter(key__in=sorted(keyed)).exclude(group=group).first()
        raise _word_taken(conflict.word if conflict else next(iter(keyed.values()))) from None


def _word_taken(word: str) -> Refused:
    return _invalid(
        "synonym.taken", _("“%(word)s” is in another group already. Add your words to that group.") % {"word": word}
    )


def _invalid(code: str, words: str) -> Refused:
    return Refused(code, words, HTTPStatus.UNPROCESSABLE_ENTITY, field="words")
