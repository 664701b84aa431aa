"""Detect names that are contact data, another company's brand, or meaningless (business-rules §2.3)."""

from __future__ import annotations

import re

_ACCOUNT = r"[a-z][\w-]{5,19}"
_WECHAT = r"(?:微信|wechat|weixin|薇信|v信|vx|wx)"
_CONTACT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)",  # a mobile number
        r"(?<![\d.])0\d{2,3}[ -]?[2-9]\d{6,7}(?!\d)",  # a landline number
        r"(?<![\d.])[48]00[ -]?\d{3,4}[ -]?\d{3,4}(?!\d)",
        r"(?<!\w)\+\d{1,3}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){2,4}(?!\d)",  # an international number
        r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-z]{2,24}",
        r"https?://[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}\S{0,200}|(?<![\w.])www\.[\w-]{1,63}\.[a-z]{2,24}",
        r"(?:官网|网址|visit|website)[: ]{1,3}(?:[\w-]{1,63}\.){1,4}[a-z]{2,24}",
        r"(?<![a-z])(?:qq|扣扣|企鹅)(?:号码|号|群号|群)?[: ]{0,3}[1-9]\d{4,11}(?!\d)",
        rf"(?:{_WECHAT}(?:号|id)?: ?|(?:加|联系){_WECHAT}[: ]{{0,2}}|(?:微信|薇信|v信)号 ?){_ACCOUNT}",
        r"(?:电话|手机|热线|telephone|phone|tel|mobile|hotline)[.: ]{1,3}\+?\d[\d -]{5,18}\d",
    )
)
_BRANDS = ("华为", "huawei")
_TITLES = re.compile(r"^(?:[^\w]|正版|官方|原厂|正品|official|genuine|the|new|全新)*")
_COUNTERS = "年|月|日|天|季度|季|周|半年|小时|套|次|个|件|份|人|用户"
_NUMBER = "[0-9一二两三四五六七八九十]{1,4}"
_MEANINGLESS = re.compile(
    rf"(?:商品|产品)?规格\s?(?:{_NUMBER}|[a-z])?"
    rf"|(?:spec|specification|sku)\s?(?:no\.?)?\s?(?:\d{{1,4}}|[a-z]|one|two|three)?"
    rf"|(?:每|按|包)?\s?(?:{_COUNTERS})(?:度|付|费)?|{_NUMBER}\s?个?(?:{_COUNTERS})"
    r"|(?:per |by (?:the )?|a |an |one |\d{1,4} )?(?:year|month|day|week|quarter|set|time|piece)s?"
    r"|yearly|monthly|daily|weekly|quarterly|annual|annually|once"
)


def contact_in(name: str) -> str:
    """Return the first telephone number, mail address, web address, or QQ or WeChat number in a ``plain`` name; empty
    for none.

    Names of websites are allowed (Booking.com, ASP.NET), and so are numbers of standards and of service lines
    (12345)."""
    matches = (match for pattern in _CONTACT if (match := pattern.search(name)))
    return min(matches, key=lambda match: match.start(), default=re.match("", "")).group()  # type: ignore[union-attr]


def brand_of(name: str) -> str:
    """Return the brand with which a ``plain`` name begins, as if it were the owner's product. Naming a compatible
    product is allowed: "backup for Huawei Cloud" is not a product of Huawei."""
    begin = _TITLES.sub("", name)
    return next((brand for brand in _BRANDS if begin.startswith(brand)), "")


def is_meaningless(name: str) -> bool:
    """Return whether the ``plain`` name of a spec is only a number, a period or a counter: "规格1", "spec 2", "year",
    "套"."""
    return _MEANINGLESS.fullmatch(name.strip(" -_.·()")) is not None
