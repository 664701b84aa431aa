"""A text in both languages of the market as one value, so that neither language is forgotten."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same text in English and Chinese."""

    en: str
    zh: str

    @classmethod
    def same(cls, words: str) -> Text:
        """Return a text for both languages, such as a name or a quotation."""
        return cls(en=words, zh=words)

    def in_language(self, code: str | None) -> str:
        """Return the text for a language code such as ``zh-hans``: Chinese for all variants of Chinese, else
        English."""
        return self.zh if (code or "").lower().startswith("zh") else self.en
