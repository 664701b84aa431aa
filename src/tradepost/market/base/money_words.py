"""Format an amount of money in the reader's language, the same on pages, in notices and in messages."""

from __future__ import annotations

from babel.core import Locale
from babel.numbers import format_decimal, get_currency_symbol
from django.utils import translation

from .money import MINOR_DIGITS, Money


def format_money(amount: Money) -> str:
    """Return ``¥ 1,200.00`` in both languages: symbol, non-breaking space, grouped digits.

    Babel writes the yuan as CN¥ and the yen as ¥ in English, and the other way round in Chinese. This format is the
    same in both."""
    locale = Locale.parse("zh_Hans_CN" if (translation.get_language() or "zh").startswith("zh") else "en")
    digits = format_decimal(abs(amount.major), "#,##0.00" if MINOR_DIGITS[amount.currency] else "#,##0", locale)
    symbol = {"CNY": "¥", "JPY": "JP¥"}.get(amount.currency) or get_currency_symbol(amount.currency, locale=locale)
    return f"{'-' if amount.minor < 0 else ''}{symbol}\xa0{digits}"
