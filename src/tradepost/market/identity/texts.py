"""Detect HTML and links in a company's plain texts, which must not contain them."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_MARKUP = re.compile(
    r"<\s*[/!?]?\s*[a-z][^<>]*>|<\s*/?(?:script|style|iframe|img|svg|object|embed|link|meta|div|form|input|body|html)\b"
    r"|&#\w|javascript\s*:",
    re.IGNORECASE,
)
"""A tag, or the beginning of one that would have an effect. ``a < b`` does not match."""
_LINK = re.compile(r"(?:https?|ftp)\s*:\s*//\s*\S+|mailto:\S+|\bwww\.[\w-]+\.\S+", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:com|cn|org|io|co|cc|me|tv|top|shop|xyz|vip|site|online|store|info|biz|app|cloud|tech|ltd|link)\b(?![.@-]?\w)"
    r"|(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,12}/[\w%~-]",
    re.IGNORECASE | re.ASCII,
)
"""A bare domain name. ``.net`` alone does not match, because of ASP.NET, nor do ``Node.js`` and 3.5."""
MAX_CHECKED_LENGTH = 20_000


def plain(text: str) -> str:
    """Return the text as it is read: full-width letters normalised, invisible characters removed."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:MAX_CHECKED_LENGTH]))


def has_markup(text: str) -> bool:
    return bool(_MARKUP.search(plain(text)))


def find_link(text: str, *, allowed_text: str = "") -> str:
    """Return the first link or domain name in a text; empty if there is none. A name that is part of ``but``, such as
    the company's own name, is allowed."""
    normalised_text = plain(text)
    if match := _LINK.search(normalised_text):
        return match[0][:80]
    allowed_plain = plain(allowed_text).casefold()
    for match in _NAME.finditer(normalised_text):
        if match[0].casefold() not in allowed_plain:
            return match[0][:80]
    return ""
