"""What an entry keeps of a form: bounded, and without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HIDDEN = "••••"
LONGEST = 300
MOST_FIELDS = 60
MOST_VALUES = 20
LEFT_OUT = frozenset({"csrfmiddlewaretoken", "back"})
"""The token of the form, and the page that it goes back to."""

_SECRET_NAME = re.compile(
    r"passw|passphrase|(?:^|[_.-])pwd|secret|token|authori[sz]ation|signature|sign$|cookie|credential|sealed|private"
    r"|(?:^|[_.-])(?:key|ak|sk|pin|otp|code_verifier)$|apikey|api_key|access_key",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"(?:^|[_.-])(?:phone|mobile|contact|contact_name|e?mail|address|id_?number)$", re.IGNORECASE
)
"""Whose they are may have them deleted elsewhere; the log is kept for years, and what was acted on is named beside them."""
_SECRET_VALUE = re.compile(r"^gAAAA[\w=-]{40,}$|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<=://)[^/\s:@]*:[^/\s@]+@")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_secret(name: str) -> bool:
    """Whether the value of a field of this name is never kept: of secrets, and of people's data."""
    return bool(_SECRET_NAME.search(name) or _PERSONAL_NAME.search(name))


def kept(fields: Iterable[tuple[str, Iterable[str]]], files: Iterable[tuple[str, int]] = ()) -> dict[str, object]:
    """By field its value, or several; empty ones are left out. ``files``: the field and the size of each that was sent; never its content."""
    found: dict[str, object] = {}
    for name, values in fields:
        typed = [value for value, _ in zip(values, range(MOST_VALUES), strict=False) if value]
        if name in LEFT_OUT or not typed:
            continue
        if len(found) == MOST_FIELDS:
            found["…"] = "…"
            break
        shown = [_shown(name, value) for value in typed]
        found[clear(name, 64)] = shown[0] if len(shown) == 1 else shown
    sent = {clear(name, 64): size for name, size in files}
    return {**found, **({"files": sent} if sent else {})}


def _shown(name: str, value: str) -> str:
    return HIDDEN if is_secret(name) or _SECRET_VALUE.search(value) else clear(value, LONGEST)


def clear(text: str, longest: int) -> str:
    """On one page as it was typed: no control characters, nothing that turns a line around, and cut."""
    text = _UNSEEN.sub("", text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def flat(details: Mapping[str, object]) -> str:
    """In one cell of a table."""
    return "; ".join(
        f"{name}={', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in details.items()
    )
