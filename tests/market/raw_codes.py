"""Keys and codes in the text of a page, where people should read names. Wire bytes, traces and source are shown
unchanged.
"""

from __future__ import annotations

import html
import re

CODE = re.compile(r"(?<![\w/.=&?-])[A-Z][A-Z0-9]*_[A-Z0-9_]+(?![\w/])")
KEY = re.compile(r"(?<![\w/.:-])\d+/\d+(?![\w/])")
DOTTED = re.compile(r"(?<![\w/.@-])[a-z]+_[a-z_]+\.[a-z_]+(?![\w/.@])")
"""A refusal code, or the name of a function."""
NAMED = re.compile(r"(?<![\w/.@:=?&-])[a-z]+(?:_[a-z]+)+(?![\w/.@=(])")
"""A column value, or a name in the code."""
NOT_READ = re.compile(r"(?s)<(script|style|pre|textarea|code|svg)\b.*?</\1>|<!--.*?-->")
ALLOWED = re.compile(r"TRADEPOST_[A-Z_]+|offline_access")
"""Names of settings, and a scope of OpenID Connect, which operators enter literally."""


def visible_text(page: str) -> str:
    """Return the text of a page."""
    return html.unescape(re.sub(r"<[^>]+>", " ", NOT_READ.sub(" ", page)))


def raw_codes(page: str) -> set[str]:
    text = visible_text(page)
    codes = {code for pattern in (CODE, KEY, DOTTED, NAMED) for code in pattern.findall(text)}
    return {code for code in codes if not ALLOWED.fullmatch(code)}
