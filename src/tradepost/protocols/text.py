"""Words in both languages of the market as one value, so that neither is forgotten where the other is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same thing said in English and in Chinese."""

    en: str
    zh: str

    @classmethod
    def same(cls, words: str) -> Text:
        """A name or a quotation, which nobody translates."""
        return cls(en=words, zh=words)

    def in_language(self, code: str | None) -> str:
        """The words for a language code such as ``zh-hans``: Chinese for every kind of Chinese, else English."""
        return self.zh if (code or "").lower().startswith("zh") else self.en
