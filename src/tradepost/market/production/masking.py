"""What is kept of an exchange: secrets and private data masked, bytes made readable, length bounded."""

from __future__ import annotations

import json
import re

from tradepost.protocols.http import Headers

LONGEST = 65_536
HIDDEN = "••••"

# PostgreSQL has no NUL in text; a terminal obeys escapes; a page shows "gpj.exe" for a name that ends in .jpg.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Values of members that name a secret, as JSON strings; also in answers that are broken JSON.
_SECRET = re.compile(
    r'("(?:password|passwd|secret|clientSecret|token|license)"\s*:\s*")((?:[^"\\]|\\.)*)(")?', re.IGNORECASE
)
# Older versions carry the token and the buyer's private data in the URL (saas-v1-license A1, A2.1).
_PRIVATE = re.compile(r"([?&](?:authToken|mobilePhone|email|userName)=)[^&#]+", re.IGNORECASE)
_OF_PEOPLE = "userList"
_KEPT_OF_PEOPLE = frozenset({"userName", "orgCode", "role", "enable"})
"""What says of which account a sync call spoke, and as what; all else of a person is theirs (openapi-jointkit §A.7)."""
_TOKEN_HEADER = "authtoken"  # noqa: S105  the header's name (saas-v1-license §0)


def printable(text: str) -> str:
    r"""The text with control characters as ``\xNN``, and those that turn a line around (bidi) as ``\uNNNN``."""
    return text if text.isprintable() else _UNSEEN.sub(lambda m: m[0].encode("unicode_escape").decode(), text)


def readable(body: bytes) -> str:
    r"""The body as text; bytes that are not UTF-8 and control characters as ``\xNN``; cut at 64 KiB."""
    text = printable(body[:LONGEST].decode("utf-8", "backslashreplace"))
    rest = len(body) - LONGEST
    return f"{text}\n… {rest} more bytes" if rest > 0 else text


def masked(body: bytes) -> str:
    return _SECRET.sub(lambda m: f"{m[1]}{HIDDEN}{m[3] or ''}", readable(body))


def masked_people(body: bytes) -> str:
    """The body of an authSync: of each person the account, department, role and whether it is enabled; names, numbers and addresses
    are hidden. The older version has the people as a text. What cannot be read as one of the two is hidden as a whole."""
    try:
        told = json.loads(body)
        people = told[_OF_PEOPLE]
        hidden = _hidden(json.loads(people) if isinstance(people, str) else people)
    except (ValueError, TypeError, KeyError, AttributeError):
        return HIDDEN
    shown = told | {_OF_PEOPLE: _compact(hidden) if isinstance(people, str) else hidden}
    return readable(_compact(shown).encode("utf-8", "backslashreplace"))


def _hidden(people: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {name: value if name in _KEPT_OF_PEOPLE or not value else HIDDEN for name, value in one.items()}
        for one in people
    ]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def masked_url(url: str) -> str:
    """The URL with everything else byte for byte; what was hidden cannot be sent again."""
    return _PRIVATE.sub(lambda m: f"{m[1]}{HIDDEN}", url)


def masked_headers(headers: Headers) -> Headers:
    return tuple((name, HIDDEN if name.lower() == _TOKEN_HEADER else value) for name, value in headers)
