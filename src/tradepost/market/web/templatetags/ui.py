"""Tags and filters of the shared components, available without ``{% load %}``."""

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
from django.utils import timezone, translation
from django.utils.crypto import get_random_string
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.money_words import format_money
from tradepost.market.branding.face import Face, last_known
from tradepost.market.catalog import rich_text
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.facts import zone_name
from tradepost.market.web import browsers, json_text
from tradepost.market.web import status as vocabulary
from tradepost.market.web.pickers import Picker
from tradepost.protocols.registry import protocols
from tradepost.protocols.text import Text

register = template.Library()

ICONS = Path(__file__).parent.parent / "icons.txt"
FALLBACK_ICON = "package"
EMPTY_PATH = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
"""Invisible path at the start of every Tabler icon, removed to shorten pages, which contain about forty icons."""
FOLD_THRESHOLD = 4_000
"""Length in characters from which a body is folded."""
WEB_SCHEMES = frozenset({"http", "https"})
PLURALS = ((r"(?<=[^aeiou])ies$", "y"), (r"(?<=ss|sh|ch)es$|(?<=[xz])es$", ""), (r"(?<=[^s])s$", ""))
"""English plural endings and their singular; the first match applies."""


@cache
def icon_names() -> frozenset[str]:
    lines = ICONS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _drawing(key: str) -> str:
    """Return the content of an icon's SVG. Unknown names, such as a category's, show a package."""
    name = key if key in icon_names() else FALLBACK_ICON
    path = finders.find(f"vendor/icons/{name}.svg")
    if path is None:
        raise LookupError(f"icon {name!r} was not collected into static/vendor/icons: run `make`")
    match = re.search(r"<svg[^>]*>(.*)</svg>", Path(str(path)).read_text(encoding="utf-8"), re.DOTALL)
    drawing = " ".join(match.group(1).split()) if match else ""
    return drawing.removeprefix(EMPTY_PATH).strip()


@register.simple_tag
def icon(key: str, extra: str = "") -> SafeString:
    """Render an icon beside a label. Screen readers skip it."""
    return format_html(
        '<svg class="tp-icon {}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" '
        'stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        extra, mark_safe(_drawing(key)),  # noqa: S308  # files of the market
    )  # fmt: skip


@register.simple_tag
def market_face() -> Face | None:
    """Return the market's name and colour for a page without a request, without a database query; None if unknown."""
    return last_known()


NOTE_ICONS = {
    "bad": "alert-circle",
    "warn": "alert-triangle",
    "wait": "clock",
    "ok": "circle-check",
    "info": "info-circle",
    "calm": "info-circle",
}


@register.simple_block_tag
def note(content: str, tone: str, icon_name: str = "", *, css: str = "", **attributes: str) -> SafeString:
    """Render a note. ``tone``: a key of ``NOTE_ICONS``, which has the default icon.

    ``role="alert"`` or ``role="status"`` announces it to screen readers; ``id`` is a link target.
    """
    more = format_html_join("", ' {}="{}"', attributes.items())
    icon_html = icon(icon_name or NOTE_ICONS[tone])
    return format_html(
        '<div class="tp-note tp-{}{}"{}>{}<div>{}</div></div>', tone, f" {css}" if css else "", more, icon_html, content
    )


@register.inclusion_tag("web/parts/status.html")
def status(lifecycle: str, value: object) -> dict[str, object]:
    return {"look": vocabulary.look(lifecycle, value)}


@register.inclusion_tag("web/parts/product_status.html")
def product_status(product: Product, seller: Seller) -> dict[str, object]:
    """Render the status of a product. The badge of a product on sale also shows that its seller is suspended."""
    return {"product": product, "seller": seller}


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("zh_Hans_CN" if language.startswith("zh") else "en")


def locale_now() -> Locale:
    return _locale(translation.get_language() or "zh-hans")


def _symbol(currency: str) -> str:
    """Return the symbol of a currency. Babel's symbols for yuan and yen differ by language; these do not."""
    return {"CNY": "¥", "JPY": "JP¥"}.get(currency) or get_currency_symbol(currency, locale=locale_now())


@register.filter
def money(value: Money | None) -> str:
    """Format money: ¥ 1,200.00 with symbol, no-break space and grouped digits; "" for a missing variable."""
    if not isinstance(value, Money):
        return ""
    return format_money(value)


@register.simple_tag
def minor(value: int, currency: str) -> str:
    """Format an amount in minor units."""
    return format_money(Money(value, currency))


@register.filter
def usage_price(value: Decimal, currency: str) -> str:
    """Format a price per unit of usage, such as ¥ 0.0025, with more decimals than the currency if needed."""
    pattern = "#,##0.00######" if MINOR_DIGITS[currency] else "#,##0.########"
    return f"{_symbol(currency)}\xa0{format_decimal(value, format=pattern, locale=locale_now())}"


@register.filter
def amount(value: Decimal) -> str:
    """Format a quantity of usage: 1,000 or 0.5, with grouped digits and only its own decimals."""
    return format_decimal(value, format="#,##0.####", locale=locale_now())


@register.filter
def moment(value: datetime | None, clock: str = "HH:mm") -> str:
    """Format a time in the local zone, with UTC on hover. Tables hide the zone that the page's footer names."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    chinese = locale_now().language == "zh"
    text = format_datetime(local, f"yyyy-MM-dd {clock}" if chinese else f"d MMM yyyy, {clock}", locale=locale_now())
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="tp-zone{}">{}</span></time>',
        value.astimezone(UTC).isoformat(timespec="seconds"), f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        text, " tp-zone-usual" if (zone := zone_name(local)) == usual_zone() else "", zone,
    )  # fmt: skip


@register.simple_tag
def usual_zone() -> str:
    """Return the zone of today's times, such as UTC+8. With daylight saving time, other times of the year have another
    zone."""
    return zone_name(timezone.localtime())


@register.filter
def to_the_second(value: datetime | None) -> str:
    """Format a time with seconds, for times within the same minute, such as calls to a server."""
    return moment(value, "HH:mm:ss")


@register.filter
def due(at: datetime | None, now: datetime | None) -> str:
    """Format a due time, or "now" if it has passed: a sandbox clock that was advanced leaves such times until the work
    is done."""
    if at is None or now is None or at > now:
        return moment(at)
    return pgettext("when something comes", "now")


@register.filter
def time_left(end: datetime, now: datetime) -> str:
    """Return the remaining time in its largest unit, rounded down: 23 hours."""
    return timeuntil(end, now, depth=1)


@register.filter
def clock_time(value: datetime | None) -> str:
    """Format hours, minutes and seconds, for a known day."""
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


@register.filter
@register.simple_tag
def loc(subject: Any, name: str) -> str:
    """Return a text in the reader's language: a ``Text``, or the attributes ``name`` and ``name_en``. An empty text
    falls back to the other language."""
    value = getattr(subject, name, None)
    return said(value) if isinstance(value, Text) else localised_name(subject, name)


@register.filter
def said(text: Text | None) -> str:
    """Return a text in the reader's language, or in the other language if it is missing."""
    if text is None:
        return ""
    return (text.en or text.zh) if locale_now().language == "en" else (text.zh or text.en)


@register.inclusion_tag("web/parts/copyable.html")
def copyable(value: object) -> dict[str, object]:
    return {"value": value}


@register.inclusion_tag("web/parts/secret.html", takes_context=True)
def secret(context: Context, value: str) -> dict[str, object]:
    """Render a masked secret. A value that starts with ``/`` is an address that returns the secret for a POST."""
    address = value if value.startswith("/") else ""
    return {
        "url": address, "value": "" if address else value, "id": f"s-{get_random_string(8)}",
        "csrf_token": context.get("csrf_token"),
    }  # fmt: skip


@register.inclusion_tag("web/parts/code.html")
def code(text: object, language: str = "text") -> dict[str, object]:
    """Render a code block with a copy button. JSON is shown formatted and raw; long content is folded."""
    raw_text = str(text)
    views = [("raw", _("Raw"), raw_text)]
    if language == "json" and (indented := json_text.indent_json(raw_text)):
        views.insert(0, ("pretty", _("Pretty"), indented))
    return {
        "views": [(name, words, _exact(content), f"c-{get_random_string(8)}") for name, words, content in views],
        "group": f"g-{get_random_string(8)}",
        "language": language,
        "long": language == "json" and len(raw_text) > FOLD_THRESHOLD,
        "size": len(raw_text.encode()),
    }


def _exact(text: str) -> SafeString:
    """Write CR as a character reference, since browsers read it as LF; copied text then equals the bytes on the wire."""
    return SafeString(escape(text).replace("\r", "&#13;"))


@register.simple_tag(takes_context=True)
def query_set(context: Context, **changes: object) -> str:
    """Return the address of this page with other query parameters; an empty value removes one. ``page_at``: the page's
    address if the current address only accepts a form."""
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
    """Return the title of a protocol; its name if it is no longer installed."""
    registry = protocols()
    return registry[name].title.in_language(translation.get_language()) if name in registry else name


@register.filter
def sanitise(html: str) -> SafeString:
    """Sanitise a seller's HTML: remove everything that could run, load content or imitate the market's pages."""
    return mark_safe(rich_text.clean(html))  # noqa: S308  # sanitised by nh3


@register.filter
def one_of(name: str) -> str:
    """Return the singular of a seller's unit for a price "per …": Users → user, 用户数 → 用户. A name like GB stays
    unchanged."""
    if not name.isascii():
        return name.removesuffix("数量").removesuffix("数") or name
    word = name[:1].lower() + name[1:] if name[1:].islower() else name
    return next((re.sub(end, singular, word) for end, singular in PLURALS if re.search(end, word)), word)


@register.filter
def weblink(url: str) -> str:
    """Return a web address, or "" for other text: ``javascript:`` must not become a link, nor
    ``https://bank.example@evil.example``, which imitates another host."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    is_web = parts.scheme.lower() in WEB_SCHEMES and parts.netloc and "@" not in parts.netloc
    return url.strip() if is_web else ""


@register.filter
def telephone(number: str) -> str:
    """Format a phone number for a link: digits and dialling characters; an extension after a pause."""
    dialled, *extension = re.split(r"转|ext\.?|x", number, maxsplit=1, flags=re.IGNORECASE)
    parts = [
        re.sub(r"[^0-9+]", "", dialled),
        *(re.sub(r"[^0-9]", "", part_of_extension) for part_of_extension in extension),
    ]
    return ",".join(part for part in parts if part)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def has_checkboxes(field: BoundField) -> bool:
    """Return whether the field is a list of check boxes with their own labels."""
    return isinstance(field.field.widget, CheckboxSelectMultiple)


@register.filter
def is_picker(field: BoundField) -> bool:
    return isinstance(field.field.widget, Picker)


@register.inclusion_tag("web/parts/picker.html")
def picker(field: BoundField) -> dict[str, object]:
    """Render the picker of people or departments with its search field."""
    picker_widget = field.field.widget
    assert isinstance(picker_widget, Picker)
    listed = picker_widget.options(field.html_name, field.value())
    url, search_label = picker_widget.address(field.html_name), picker_widget.source.hint
    return {"field": field, "listed": listed, "url": url, "search_label": search_label}


@register.filter
def browser_name(agent: str) -> str:
    """Return the name of a browser and its system from its User-Agent."""
    return browsers.browser_name(agent)


@register.simple_tag
def widget(field: BoundField) -> SafeString:
    """Render a form field's input in the style of its kind, without allauth's placeholder, which would repeat the
    label."""
    input_widget = field.field.widget
    css = f"{input_widget.attrs.get('class', '')} {_css(input_widget)}{' is-invalid' if field.errors else ''}".strip()
    return field.as_widget(attrs={"class": css, "placeholder": False})


def _css(input_widget: Widget) -> str:
    if isinstance(input_widget, HiddenInput):
        return ""
    if isinstance(input_widget, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(input_widget, Select) else "form-control"
