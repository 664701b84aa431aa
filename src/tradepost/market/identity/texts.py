"""What must not stand in a plain text of a company: HTML, and links out of the market."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_MARKUP = re.compile(
    r"<\s*[/!?]?\s*[a-z][^<>]*>|<\s*/?(?:script|style|iframe|img|svg|object|embed|link|meta|div|form|input|body|html)\b"
    r"|&#\w|javascript\s*:",
    re.IGNORECASE,
)
"""A tag, or the beginning of one that would do something. ``a < b`` is none."""
_LINK = re.compile(r"(?:https?|ftp)\s*:\s*//\s*\S+|mailto:\S+|\bwww\.[\w-]+\.\S+", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:com|cn|org|io|co|cc|me|tv|top|shop|xyz|vip|site|online|store|info|biz|app|cloud|tech|ltd|link)\b(?![.@-]?\w)"
    r"|(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,12}/[\w%~-]",
    re.IGNORECASE | re.ASCII,
)
"""A bare domain name. ``.net`` alone is none of them: ASP.NET is not a place. ``Node.js`` and 3.5 are no names either."""
LONGEST_LOOKED_AT = 20_000


def plain(text: str) -> str:
    """As it reads: full-width letters are the usual ones, what cannot be seen is gone."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:LONGEST_LOOKED_AT]))


def holds_markup(text: str) -> bool:
    return bool(_MARKUP.search(plain(text)))


def holds_link(text: str, *, but: str = "") -> str:
    """The first link or domain name in a text; empty when there is none. A name that is part of ``but`` (a company's own
    name may be one) is not meant as a link."""
    read = plain(text)
    if found := _LINK.search(read):
        return found[0][:80]
    allowed = plain(but).casefold()
    for found in _NAME.finditer(read):
        if found[0].casefold() not in allowed:
            return found[0][:80]
    return ""
