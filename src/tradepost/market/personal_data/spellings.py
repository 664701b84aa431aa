"""Spellings of a text in JSON, URLs, HTML and base64, and of a phone number. Pure."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

MIN_CORE_LENGTH = 8
"""Minimum number of base64 letters, so that chance matches are unlikely."""
_SEPARATORS = r"(?:[\s\u00a0().-]|%20|\+|&nbsp;)*"
_COUNTRY = r"(?:(?:\+|%2B|00)?86" + _SEPARATORS + r")?\+?"
_CHINESE_PHONE = re.compile(r"(?:00)?86(1\d{10})")


def spellings_of(text: str) -> set[str]:
    """Return other spellings of the text, to be matched ignoring case."""
    spellings = {json.dumps(text)[1:-1], quote(text), quote(text, safe=""), quote_plus(text), html.escape(text)}
    spellings |= {
        "".join(
            f"&#{form.format(ord(character))};" if not character.isascii() or character in "@+" else character
            for character in text
        )
        for form in ("{}", "x{:x}")
    }
    return spellings - {text}


def in_base64(text: str) -> set[str]:
    """Return the base64 letters that represent the text at any position of the encoded data, in both alphabets."""
    raw, cores = text.encode(), set[str]()
    for offset in range(3):
        encoded_text = base64.b64encode(bytes(offset) + raw).decode()
        core = encoded_text[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
        if len(core) >= MIN_CORE_LENGTH:
            cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores


def digits_of(phone: str) -> str:
    """Return the digits of a phone number; for a Chinese mobile number without the country code."""
    digits = re.sub(r"\D", "", phone)
    return match[1] if (match := _CHINESE_PHONE.fullmatch(digits)) else digits


def phone_pattern(phone: str) -> str:
    """Return a pattern of the number with any spaces, dashes and brackets, and with or without the country code."""
    digits = digits_of(phone)
    return (_COUNTRY if re.fullmatch(r"1\d{10}", digits) else r"\+?") + _SEPARATORS.join(digits)
