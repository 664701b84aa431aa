"""Select the fields of a form that an audit entry stores, shortened and without secrets. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HIDDEN = "••••"
MAX_VALUE_LENGTH = 300
MAX_FIELDS = 60
MAX_VALUES = 20
OMITTED_FIELDS = frozenset({"csrfmiddlewaretoken", "back"})
"""Fields that are not stored: the CSRF token and the address of the previous page."""

_SECRET_NAME = re.compile(
    r"passw|passphrase|(?:^|[_.-])pwd|secret|token|authori[sz]ation|signature|sign$|cookie|credential|sealed|private"
    r"|(?:^|[_.-])(?:key|ak|sk|pin|otp|code_verifier)$|apikey|api_key|access_key",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"(?:^|[_.-])(?:phone|mobile|contact|contact_name|e?mail|address|id_?number)$", re.IGNORECASE
)
"""Personal data, which may have to be erased. Entries are kept for years and name their object beside the details."""
_SECRET_VALUE = re.compile(r"^gAAAA[\w=-]{40,}$|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<=://)[^/\s:@]*:[^/\s@]+@")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_secret(name: str) -> bool:
    """Return whether fields of this name are masked because they contain secrets or personal data."""
    return bool(_SECRET_NAME.search(name) or _PERSONAL_NAME.search(name))


def details_of(fields: Iterable[tuple[str, Iterable[str]]], files: Iterable[tuple[str, int]] = ()) -> dict[str, object]:
    """Return the value of each field, or a list of its values. Empty fields are left out.

    ``files``: the field name and size in bytes of each uploaded file. File contents are never stored.
    """
    details: dict[str, object] = {}
    for name, values in fields:
        non_empty = [value for value, _ in zip(values, range(MAX_VALUES), strict=False) if value]
        if name in OMITTED_FIELDS or not non_empty:
            continue
        if len(details) == MAX_FIELDS:
            details["…"] = "…"
            break
        masked = [_masked(name, value) for value in non_empty]
        details[clean_text(name, 64)] = masked[0] if len(masked) == 1 else masked
    uploads = {clean_text(name, 64): size for name, size in files}
    return {**details, **({"files": uploads} if uploads else {})}


def _masked(name: str, value: str) -> str:
    return HIDDEN if is_secret(name) or _SECRET_VALUE.search(value) else clean_text(value, MAX_VALUE_LENGTH)


def clean_text(text: str, max_length: int) -> str:
    """Remove control characters and bidirectional overrides, and shorten to ``max_length`` characters."""
    text = _INVISIBLE.sub("", text)
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def one_line(details: Mapping[str, object]) -> str:
    """Return the details as one line for a table cell."""
    return "; ".join(
        f"{name}={', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in details.items()
    )
