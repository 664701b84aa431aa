"""Synonyms for the store's search: groups of words that find the same products. Operators edit them."""

from __future__ import annotations

from django.db import models

MAX_WORD_LENGTH = 32
MAX_KEY_LENGTH = 64


class SynonymGroup(models.Model):
    """Words with the same meaning. The group has no other columns; each word belongs to one group."""

    def __str__(self) -> str:
        return " · ".join(self.words.values_list("word", flat=True))


class Synonym(models.Model):
    group = models.ForeignKey(SynonymGroup, models.CASCADE, related_name="words")
    word = models.CharField(max_length=MAX_WORD_LENGTH)
    """As an operator entered it."""
    key = models.CharField(max_length=MAX_KEY_LENGTH, unique=True)
    """The form that searches compare (``search_query.key``)."""

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.word
