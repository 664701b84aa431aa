"""``saasExtendParams``: values that a buyer enters for the seller, as Base64 of a JSON array of names and values.

Sent inline by SaaS 1.0 and License 1.0 (saas-v1-license A2.1, B1).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import NoReturn

type ExtendParams = tuple[tuple[str, str], ...]


class NotExtendParams(ValueError):
    """The text is not a valid list; the message explains why without quoting it."""


def dump_extend_params(params: ExtendParams) -> str:
    """Return the parameter's value before URL encoding; empty for no parameters."""
    if not params:
        return ""
    entries = [{"name": name, "value": value} for name, value in params]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def load_extend_params(encoded: str) -> ExtendParams:
    """Return names and values in their order. Raises only ``NotExtendParams``."""
    if not encoded:
        return ()
    try:
        text = base64.b64decode(encoded.encode("ascii"), validate=True).decode("utf-8")
    except (UnicodeError, binascii.Error):
        raise NotExtendParams("is not the Base64 of a text in UTF-8") from None
    try:
        entries = json.loads(text, object_pairs_hook=_entry, parse_constant=_no_constant)
    except NotExtendParams:
        raise
    except (ValueError, RecursionError):
        raise NotExtendParams("does not hold JSON") from None
    if not isinstance(entries, list):
        raise NotExtendParams("does not hold a JSON array")
    return tuple(_pair(entry) for entry in entries)


def _pair(entry: object) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise NotExtendParams("holds an entry that is not an object")
    name, value = entry.get("name"), entry.get("value")
    if not isinstance(name, str) or not name.strip() or not isinstance(value, str):
        raise NotExtendParams("holds an entry without a name and a value that are texts")
    try:
        (name + value).encode("utf-8")
    except UnicodeEncodeError:
        raise NotExtendParams("holds half of a surrogate pair") from None
    return name, value


def _entry(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        raise NotExtendParams("holds a name twice in one entry")
    return entry


def _no_constant(text: str) -> NoReturn:
    raise NotExtendParams(f"holds {text}, which is not JSON")
