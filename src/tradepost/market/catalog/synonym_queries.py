"""Queries on synonyms: those that a query mentions, and all groups for operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page
from tradepost.market.base.prefix import begins_with

from .models import Synonym, SynonymGroup
from .search_query import Synonyms, key, keys


def synonyms_in(text: str) -> Synonyms:
    """Return the synonyms of all words of a query, by their keys. One query, by index."""
    query_keys = keys(text)
    if not query_keys:
        return {}
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for group, word_key in mentioned(sorted(query_keys)).values_list("group_id", "key"):
        groups[group].append(word_key)
    return {
        word_key: tuple(synonym for synonym in group if synonym != word_key)
        for group in groups.values()
        for word_key in group
        if word_key in query_keys
    }


def mentioned(word_keys: Sequence[str]) -> QuerySet[Synonym]:
    """Return all words of the groups that have one of these keys."""
    return Synonym.objects.filter(group__in=Synonym.objects.filter(key__in=word_keys).order_by().values("group"))


def all_groups(text: str = "", *, after: str = "") -> Page[SynonymGroup]:
    """Return the groups with their ``words``, newest first. ``text``: one of the words, or its beginning."""
    rows: QuerySet[SynonymGroup] = SynonymGroup.objects.prefetch_related("words")
    if text.strip():
        prefix = key(text)
        matching_words = Synonym.objects.filter(begins_with("key", prefix)) if prefix else Synonym.objects.none()
        rows = rows.filter(pk__in=matching_words.order_by().values("group"))
    return page(rows, after=after)


def find_group(pk: int) -> SynonymGroup | None:
    return SynonymGroup.objects.prefetch_related("words").filter(pk=pk).first()


def synonyms_of(group: SynonymGroup) -> list[str]:
    return [synonym.word for synonym in group.words.all()]
