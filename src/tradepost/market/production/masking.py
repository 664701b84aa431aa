"""Prepare exchanges for storage: mask secrets and private data, make bytes readable, limit the length."""

from __future__ import annotations

import json
import re

from tradepost.protocols.http import Headers

MAX_BYTES = 65_536
MASK = "••••"

# PostgreSQL text cannot contain NUL, terminals obey escapes, and bidi characters disguise file names such as "gpj.exe".
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Values of secret members as JSON strings, also in invalid JSON.
_SECRET = re.compile(
    r'("(?:password|passwd|secret|clientSecret|token|license)"\s*:\s*")((?:[^"\\]|\\.)*)(")?', re.IGNORECASE
)
# Older versions send the token and the buyer's private data in the URL (saas-v1-license A1, A2.1).
_PRIVATE = re.compile(r"([?&](?:authToken|mobilePhone|email|userName)=)[^&#]+", re.IGNORECASE)
_PEOPLE_MEMBER = "userList"
_VISIBLE_FIELDS = frozenset({"userName", "orgCode", "role", "enable"})
"""Fields that identify the account and its role in a synchronisation call; other fields are personal (openapi-jointkit
§A.7)."""
_TOKEN_HEADER = "authtoken"  # noqa: S105  # name of the header (saas-v1-license §0)


def printable(text: str) -> str:
    r"""Return the text with control characters as ``\xNN`` and bidi characters as ``\uNNNN``."""
    return text if text.isprintable() else _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def readable(body: bytes) -> str:
    r"""Return the body as text, cut at 64 KiB; invalid UTF-8 and control characters as ``\xNN``."""
    text = printable(body[:MAX_BYTES].decode("utf-8", "backslashreplace"))
    omitted_bytes = len(body) - MAX_BYTES
    return f"{text}\n… {omitted_bytes} more bytes" if omitted_bytes > 0 else text


def masked(body: bytes) -> str:
    return _SECRET.sub(lambda match: f"{match[1]}{MASK}{match[3] or ''}", readable(body))


def masked_people(body: bytes) -> str:
    """Return the body of an authSync with only account, department, role and status of each person.

    The older version sends people as a string. Other bodies are hidden completely.
    """
    try:
        message = json.loads(body)
        people_value = message[_PEOPLE_MEMBER]
        hidden_people = _hidden(json.loads(people_value) if isinstance(people_value, str) else people_value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return MASK
    masked_message = message | {
        _PEOPLE_MEMBER: _compact(hidden_people) if isinstance(people_value, str) else hidden_people
    }
    return readable(_compact(masked_message).encode("utf-8", "backslashreplace"))


def _hidden(people: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {name: value if name in _VISIBLE_FIELDS or not value else MASK for name, value in person.items()}
        for person in people
    ]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def masked_url(url: str) -> str:
    """Return the URL with masked private parameters and everything else unchanged."""
    return _PRIVATE.sub(lambda match: f"{match[1]}{MASK}", url)


def masked_headers(headers: Headers) -> Headers:
    return tuple((name, MASK if name.lower() == _TOKEN_HEADER else value) for name, value in headers)
