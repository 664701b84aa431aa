"""What is kept of an exchange: passwords masked, bytes made readable, length bounded."""

from __future__ import annotations

import re

LONGEST = 65_536

# Values of members that name a secret, as JSON strings; also in answers that are broken JSON.
_SECRET = re.compile(r'("(?:password|passwd|secret|token|license)"\s*:\s*")((?:[^"\\]|\\.)*)(")?', re.IGNORECASE)


def readable(body: bytes) -> str:
    r"""The body as text; bytes that are not UTF-8 and control characters as ``\xNN``; cut at 64 KiB."""
    text = body[:LONGEST].decode("utf-8", "backslashreplace")
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", lambda m: f"\\x{ord(m[0]):02x}", text)
    rest = len(body) - LONGEST
    return f"{text}\n… {rest} more bytes" if rest > 0 else text


def masked(body: bytes) -> str:
    return _SECRET.sub(lambda m: f"{m[1]}••••{m[3] or ''}", readable(body))
