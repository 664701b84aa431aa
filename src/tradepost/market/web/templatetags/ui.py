"""Tags and filters of the shared components; templates have them without ``{% load %}``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_symbol
from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, HiddenInput, RadioSelect, Select
from django.forms.widgets import Widget
from django.http import HttpRequest
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timeuntil
from django.utils.translation import pgettext

from tradepost.market.base.both_languages import named
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.money_words import in_words
from tradepost.market.catalog import rich_text
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.facts import zone_name
from tradepost.market.web import status as vocabulary
from tradepost.protocols.registry import protocols
from tradepost.protocols.text import Text

register = template.Library()

ICONS = Path(__file__).parent.parent / "icons.txt"
FALLBACK_ICON = "package"
EMPTY_BOX = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
"""Every Tabler icon begins with it; it draws nothing and would be on each page some forty times."""
WEB_SCHEMES = frozenset({"http", "https"})
PLURALS = ((r"(?<=[^aeiou])ies$", "y"), (r"(?<=ss|sh|ch)es$|(?<=[xz])es$", ""), (r"(?<=[^s])s$", ""))
"""Ends of English plurals and what stands there for one; the first that fits counts."""


@cache
def icon_names() -> frozenset[str]:
    lines = ICONS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _drawing(key: str) -> str:
    """The inside of an icon's SVG. A name that was never collected (a category's, say) shows as a package."""
    name = key if key in icon_names() else FALLBACK_ICON
    path = finders.find(f"vendor/icons/{name}.svg")
    if path is None:
        raise LookupError(f"icon {name!r} was not collected into static/vendor/icons: run `make`")
    found = re.search(r"<svg[^>]*>(.*)</svg>", Path(str(path)).read_text(encoding="utf-8"), re.DOTALL)
    drawing = " ".join(found.group(1).split()) if found else ""
    return drawing.removeprefix(EMPTY_BOX).strip()


@register.simple_tag
def icon(key: str, extra: str = "") -> SafeString:
    """An icon beside a word; it says nothing by itself, so readers of a screen skip it."""
    return format_html(
        '<svg class="tp-icon {}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" '
        'stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        extra, mark_safe(_drawing(key)),  # noqa: S308  # our own files
    )  # fmt: skip


@register.inclusion_tag("web/parts/status.html")
def status(lifecycle: str, value: object) -> dict[str, object]:
    return {"look": vocabulary.look(lifecycle, value)}


@register.inclusion_tag("web/parts/product_status.html")
def product_status(product: Product, seller: Seller) -> dict[str, object]:
    """The status of a product. A product on sale of a suspended company cannot be bought, and the badge says so."""
    return {"product": product, "seller": seller}


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("zh_Hans_CN" if language.startswith("zh") else "en")


def locale_now() -> Locale:
    return _locale(translation.get_language() or "zh-hans")


def _symbol(currency: str) -> str:
    """Babel calls the yuan CN¥ and the yen ¥ in English, the other way round in Chinese; a market says one thing."""
    return {"CNY": "¥", "JPY": "JP¥"}.get(currency) or get_currency_symbol(currency, locale=locale_now())


@register.filter
def money(value: Money | None) -> str:
    """¥ 1,200.00: symbol, a blank that does not break, grouped digits. Nothing for a variable that is not there."""
    if not isinstance(value, Money):
        return ""
    return in_words(value)


@register.simple_tag
def minor(value: int, currency: str) -> str:
    """Money that stands as a count of coins beside its currency."""
    return in_words(Money(value, currency))


@register.filter
def usage_price(value: Decimal, currency: str) -> str:
    """¥ 0.0025: a price of one unit of usage, finer than the smallest coin where it has to be."""
    pattern = "#,##0.00######" if MINOR_DIGITS[currency] else "#,##0.########"
    return f"{_symbol(currency)}\xa0{format_decimal(value, format=pattern, locale=locale_now())}"


@register.filter
def amount(value: Decimal) -> str:
    """1,000 or 0.5: a quantity of usage with grouped digits and no more decimals than it has."""
    return format_decimal(value, format="#,##0.####", locale=locale_now())


@register.filter
def moment(value: datetime | None, clock: str = "HH:mm") -> str:
    """A moment in local time with its zone; UTC shows on hover."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    chinese = locale_now().language == "zh"
    text = format_datetime(local, f"yyyy-MM-dd {clock}" if chinese else f"d MMM yyyy, {clock}", locale=locale_now())
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="tp-zone">{}</span></time>',
        value.astimezone(UTC).isoformat(timespec="seconds"), f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        text, zone_name(local),
    )  # fmt: skip


@register.filter
def to_the_second(value: datetime | None) -> str:
    """A moment beside others of the same minute, as calls to a server are."""
    return moment(value, "HH:mm:ss")


@register.filter
def due(at: datetime | None, now: datetime | None) -> str:
    """When something comes: a moment, or "now" for what is over. A sandbox clock that jumped leaves such moments behind,
    until what was due then is done."""
    if at is None or now is None or at > now:
        return moment(at)
    return pgettext("when something comes", "now")


@register.filter
def time_left(end: datetime, now: datetime) -> str:
    """How long it is still, in the largest unit and never more than it is: 23 hours."""
    return timeuntil(end, now, depth=1)


@register.filter
def clock_time(value: datetime | None) -> str:
    """Hours, minutes and seconds of a moment of which the reader knows the day."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.astimezone(UTC).isoformat(timespec="seconds"), f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"{local:%H:%M:%S}",
    )  # fmt: skip


@register.filter
def day(value: datetime | date | None) -> str:
    if value is None:
        return ""
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    chinese = locale_now().language == "zh"
    text = format_date(local, "yyyy-MM-dd" if chinese else "d MMM yyyy", locale=locale_now())
    return format_html('<time datetime="{}">{}</time>', f"{local:%Y-%m-%d}", text)


@register.simple_tag
def loc(subject: Any, name: str) -> str:
    """Return the text in the reader's language: a ``Text``, or ``name`` and ``name_en``. An empty one gives way to the other."""
    whole = getattr(subject, name, None)
    return said(whole) if isinstance(whole, Text) else named(subject, name)


@register.filter
def said(text: Text | None) -> str:
    """Words in the reader's language; the other one where they are missing in it."""
    if text is None:
        return ""
    return (text.en or text.zh) if locale_now().language == "en" else (text.zh or text.en)


@register.inclusion_tag("web/parts/copyable.html")
def copyable(value: object) -> dict[str, object]:
    return {"value": value}


@register.inclusion_tag("web/parts/secret.html", takes_context=True)
def secret(context: Context, value: str) -> dict[str, object]:
    """Masked until asked for. A value that starts with ``/`` is an address that answers the secret to a POST."""
    address = value if value.startswith("/") else ""
    return {
        "url": address, "value": "" if address else value, "id": f"s-{get_random_string(8)}",
        "csrf_token": context.get("csrf_token"),
    }  # fmt: skip


@register.inclusion_tag("web/parts/code.html")
def code(text: object, language: str = "text") -> dict[str, object]:
    return {"text": text, "language": language, "id": f"c-{get_random_string(8)}"}


@register.simple_tag(takes_context=True)
def query_set(context: Context, **changes: object) -> str:
    """This page's address with other query parameters; an empty value removes one. ``page_at``: where the page is read, when it
    answers a form that is sent elsewhere."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value in {"", None}:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{context.get('page_at', '')}?{query.urlencode()}"


@register.filter
def protocol_title(name: str) -> str:
    """A protocol as people call it; its bare name when it is no longer installed."""
    known = protocols()
    return known[name].title.in_language(translation.get_language()) if name in known else name


@register.filter
def sanitise(html: str) -> SafeString:
    """A seller's HTML without anything that could run, load or imitate our pages."""
    return mark_safe(rich_text.clean(html))  # noqa: S308  # what nh3 let through


@register.filter
def one_of(name: str) -> str:
    """One of what a seller counts, for a price "per …": Users → user, 用户数 → 用户. A name like GB stays as it is."""
    if not name.isascii():
        return name.removesuffix("数量").removesuffix("数") or name
    word = name[:1].lower() + name[1:] if name[1:].islower() else name
    return next((re.sub(end, one, word) for end, one in PLURALS if re.search(end, word)), word)


@register.filter
def weblink(url: str) -> str:
    """The address when it is a web address, else nothing: ``javascript:`` must never become a link, nor
    ``https://bank.example@evil.example``, which reads as another place than it is."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    sound = parts.scheme.lower() in WEB_SCHEMES and parts.netloc and "@" not in parts.netloc
    return url.strip() if sound else ""


@register.filter
def telephone(number: str) -> str:
    """A number as a link calls it: digits and what a telephone understands; an extension after a pause."""
    dialled, *extension = re.split(r"转|ext\.?|x", number, maxsplit=1, flags=re.IGNORECASE)
    parts = [re.sub(r"[^0-9+]", "", dialled), *(re.sub(r"[^0-9]", "", one) for one in extension)]
    return ",".join(part for part in parts if part)


@register.inclusion_tag("web/parts/nav_item.html", takes_context=True)
def nav_item(
    context: Context,
    name: str,
    icon_name: str,
    label: str,
    *,
    exact: bool = False,
    badge: object = "",
    badge_url: str = "",
) -> dict[str, object]:
    """One entry of a site's navigation, marked when the reader is on it or below. Nothing for a page that is not there.
    ``badge``: how many wait there, asked again at ``badge_url`` each minute."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        url = ""
    path = context["request"].path
    here = path == url or (not exact and bool(url) and path.startswith(url))
    return {
        "url": url, "icon_name": icon_name, "label": label, "here": here, "badge": badge, "badge_url": badge_url,
    }  # fmt: skip


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def has_checkboxes(field: BoundField) -> bool:
    """Whether the field is a list of checkboxes, each with a label of its own."""
    return isinstance(field.field.widget, CheckboxSelectMultiple)


@register.simple_tag
def widget(field: BoundField) -> SafeString:
    """A form field's input with the look of its kind. Its label stands above it; allauth would repeat it as placeholder."""
    shape = field.field.widget
    css = f"{shape.attrs.get('class', '')} {_css(shape)}{' is-invalid' if field.errors else ''}".strip()
    return field.as_widget(attrs={"class": css, "placeholder": False})


def _css(shape: Widget) -> str:
    if isinstance(shape, HiddenInput):
        return ""
    if isinstance(shape, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(shape, Select) else "form-control"
