"""The values inside a notice: plain JSON when stored, words of the reader's language when shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_datetime, get_timezone
from babel.numbers import format_decimal
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext

from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.production import reasons

type Json = dict[str, Any]


def names(zh: str, en: str) -> Json:
    """A name that exists in both languages."""
    return {"zh": zh, "en": en}


def seller_names(seller: Seller) -> Json:
    return names(seller.name, seller.name_en or seller.name)


def product_names(product: Product) -> Json:
    return names(product.name, product.name_en)


def money(amount: Money) -> Json:
    return {"minor": amount.minor, "currency": amount.currency}


def moment(at: datetime) -> Json:
    return {"at": at.isoformat()}


def quantity(value: Decimal) -> Json:
    """A number of units of usage."""
    return {"quantity": f"{value:f}"}


def verdict(value: str, protocol: str = "") -> Json:
    """Why an attempt failed: a result code of a protocol, or the name of a fault."""
    return {"verdict": value, "protocol": protocol}


def phrase(msgid: str, **facts: Json | str) -> Json:
    """Words of our own, translated when shown. The place that writes them marks them with ``gettext_noop``. ``facts``: those
    that the words name."""
    return {"phrase": msgid, "facts": facts} if facts else {"phrase": msgid}


def in_both_languages(label: str | Promise) -> Json:
    """A label that is translated when shown, in both languages."""
    labels = {}
    for name, code in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(code):
            labels[name] = str(label)
    return labels


def joined(parts: Sequence[Json | str]) -> Json:
    """Several facts in a row."""
    return {"all": list(parts)}


def facts_as_text(facts: Mapping[str, Any]) -> dict[str, str]:
    """Each fact as text in the active language."""
    return {name: _text(value) for name, value in facts.items()}


def is_chinese() -> bool:
    return (get_language() or settings.LANGUAGE_CODE).startswith("zh")


def _text(value: Any) -> str:
    match value:
        case {"zh": zh, "en": en}:
            return str(zh if is_chinese() else en or zh)
        case {"minor": int(minor), "currency": str(currency)}:
            return format_money(Money(minor, currency))
        case {"at": str(at)}:
            local = datetime.fromisoformat(at).astimezone(get_timezone(settings.TIME_ZONE))
            return f"{format_datetime(local, 'yyyy-MM-dd HH:mm', locale=_locale())} {zone_name(local)}"
        case {"quantity": str(plain)}:
            return format_decimal(Decimal(plain), format="#,##0.####", locale=_locale())
        case {"phrase": str(msgid), "facts": dict(facts)}:
            return gettext(msgid) % facts_as_text(facts)
        case {"phrase": str(msgid)}:
            return gettext(msgid) if msgid else ""
        case {"all": list(parts)}:
            return ("、" if is_chinese() else ", ").join(map(_text, parts))
        case {"verdict": str(name), "protocol": str(protocol)}:
            return reasons.title(name, protocol=protocol)
        case _:
            return str(value)


def zone_name(local: datetime) -> str:
    """How a local time says where it holds: ``UTC+8``."""
    hours = (local.utcoffset() or timedelta()).total_seconds() / 3600
    return f"UTC{hours:+g}" if hours else "UTC"


def _locale() -> str:
    return "zh_Hans_CN" if is_chinese() else "en"
